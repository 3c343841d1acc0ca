"""Words of the public status page: states of components, impacts, access. Pure."""

from __future__ import annotations

from typing import Final

from django.db import models

from incidents.vocabulary import Impact, Severity, Status


class ComponentState(models.TextChoices):
    """State of a public component."""

    OPERATIONAL = "operational", "Operational"
    MAINTENANCE = "under_maintenance", "Under maintenance"
    DEGRADED = "degraded_performance", "Degraded performance"
    PARTIAL = "partial_outage", "Partial outage"
    MAJOR = "major_outage", "Major outage"


class Follows(models.TextChoices):
    """Which incidents determine the state of a public component."""

    PUBLISHED = "published", "Published incidents"
    INCIDENTS = "incidents", "All incidents"
    MANUAL = "manual", "Set by hand"


class Access(models.TextChoices):
    """Visibility of a page."""

    PUBLIC = "public", "Everyone"
    DOMAINS = "domains", "Signed-in people"


class AutoPublish(models.TextChoices):
    """Which incidents are published automatically."""

    NEVER = "never", "None: each is published by a person"
    SEV1 = "sev1", "SEV1"
    SEV2 = "sev2", "SEV1 and SEV2"


# Worst last.
SEVERITY_ORDER: Final = (
    ComponentState.OPERATIONAL, ComponentState.MAINTENANCE, ComponentState.DEGRADED,
    ComponentState.PARTIAL, ComponentState.MAJOR,
)  # fmt: skip
OF_IMPACT: Final[dict[str, ComponentState]] = {
    Impact.DEGRADED.value: ComponentState.DEGRADED,
    Impact.PARTIAL_OUTAGE.value: ComponentState.PARTIAL,
    Impact.TOTAL_OUTAGE.value: ComponentState.MAJOR,
}
# Statuspage's `impact` of an incident.
INCIDENT_IMPACT: Final[dict[str, str]] = {
    Severity.SEV1.value: "critical",
    Severity.SEV2.value: "major",
    Severity.SEV3.value: "minor",
    Severity.SEV4.value: "none",
}
PUBLIC_STATUS: Final[dict[str, str]] = {
    Status.OPEN.value: "investigating",
    Status.INVESTIGATING.value: "investigating",
    Status.IDENTIFIED.value: "identified",
    Status.MONITORING.value: "monitoring",
    Status.RESOLVED.value: "resolved",
    Status.CLOSED.value: "resolved",
}
STATUS_SENTENCES: Final[dict[str, str]] = {
    "investigating": "We are investigating this issue.",
    "identified": "The cause has been identified and a fix is being worked on.",
    "monitoring": "A fix is in place and we are monitoring the result.",
    "resolved": "This incident has been resolved.",
}
INDICATORS: Final[dict[str, tuple[str, str]]] = {
    ComponentState.OPERATIONAL.value: ("none", "All Systems Operational"),
    ComponentState.MAINTENANCE.value: ("maintenance", "Service Under Maintenance"),
    ComponentState.DEGRADED.value: ("minor", "Partially Degraded Service"),
    ComponentState.PARTIAL.value: ("major", "Partial System Outage"),
    ComponentState.MAJOR.value: ("critical", "Major System Outage"),
}
AUTO_PUBLISHED: Final[dict[str, frozenset[str]]] = {
    AutoPublish.NEVER.value: frozenset(),
    AutoPublish.SEV1.value: frozenset({Severity.SEV1.value}),
    AutoPublish.SEV2.value: frozenset({Severity.SEV1.value, Severity.SEV2.value}),
}


def worst(states: list[str]) -> str:
    """The worst of the states; operational if there are none."""
    order = [state.value for state in SEVERITY_ORDER]
    return max(states, key=order.index, default=ComponentState.OPERATIONAL.value)
