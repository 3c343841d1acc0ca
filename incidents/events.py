"""The facts this app publishes through the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.outbox.events import DomainEvent


@dataclass(frozen=True)
class IncidentEvent(DomainEvent):
    """Something happened to one incident. `version` is the incident's after it.

    Of its live topics, "incidents" is for pages that list incidents as they are, "activity" for those that
    count and tell: events that merely join an incident, many times a second, are of no interest there.
    """

    incident_id: int
    number: int
    version: int

    def live_topics(self) -> tuple[str, ...]:
        return ("incidents", "activity", f"incident:{self.number}")


@dataclass(frozen=True)
class IncidentOpened(IncidentEvent):
    """Detection found it or somebody declared it."""

    topic: ClassVar[str] = "incident.opened"
    severity: str
    source: str
    is_drill: bool = False


@dataclass(frozen=True)
class IncidentChanged(IncidentEvent):
    """Something people read on it changed that no other fact names: title, impact, labels, components."""

    topic: ClassVar[str] = "incident.changed"


@dataclass(frozen=True)
class IncidentAcknowledged(IncidentEvent):
    """Somebody has it."""

    topic: ClassVar[str] = "incident.acknowledged"


@dataclass(frozen=True)
class IncidentStatusChanged(IncidentEvent):
    """What stakeholders are told moved from `before` to `after`."""

    topic: ClassVar[str] = "incident.status_changed"
    before: str
    after: str
    is_public: bool = False


@dataclass(frozen=True)
class IncidentStageChanged(IncidentEvent):
    """The response moved from stage `before` to `after`."""

    topic: ClassVar[str] = "incident.stage_changed"
    before: str
    after: str


@dataclass(frozen=True)
class IncidentSeverityChanged(IncidentEvent):
    """The severity went from `before` to `after`."""

    topic: ClassVar[str] = "incident.severity_changed"
    before: str
    after: str


@dataclass(frozen=True)
class IncidentRoleAssigned(IncidentEvent):
    """`user_id` holds `role` from now on; None: nobody does."""

    topic: ClassVar[str] = "incident.role_assigned"
    role: str
    user_id: int | None


@dataclass(frozen=True)
class IncidentNoted(IncidentEvent):
    """A note (internal) or an update was added to the timeline."""

    topic: ClassVar[str] = "incident.noted"
    entry_id: int
    is_public: bool = False


@dataclass(frozen=True)
class IncidentSignalled(IncidentEvent):
    """Another detector joined its finding to it."""

    topic: ClassVar[str] = "incident.signalled"
    reporter: str


@dataclass(frozen=True)
class IncidentEvidenceRecorded(IncidentEvent):
    """Detection computed new figures from the incident's events."""

    topic: ClassVar[str] = "incident.evidence_recorded"
    is_urgent: ClassVar[bool] = False

    def live_topics(self) -> tuple[str, ...]:
        return (f"incident:{self.number}",)


@dataclass(frozen=True)
class IncidentEventsJoined(DomainEvent):
    """Events were counted on these incidents: one fact for a whole drain."""

    topic: ClassVar[str] = "incident.events_joined"
    is_urgent: ClassVar[bool] = False
    numbers: tuple[int, ...]

    def live_topics(self) -> tuple[str, ...]:
        return ("incidents", *(f"incident:{number}" for number in self.numbers))


@dataclass(frozen=True)
class ComponentChanged(DomainEvent):
    """A person added a component to the catalogue or changed it."""

    topic: ClassVar[str] = "component.changed"
    component_id: int

    def live_topics(self) -> tuple[str, ...]:
        return ("components", f"component:{self.component_id}")
