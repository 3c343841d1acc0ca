"""Panels of the incident page: header, components, details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import Panel, panel
from incidents.listing.panel_versions import versions_of
from incidents.models import Incident
from incidents.selectors import affected_components, incident_for, resolution_text, roles_of
from incidents.sla.services.clocks import clocks_for
from incidents.sla.status import sla_statuses
from incidents.vocabulary import UNRESOLVED, IncidentType, ResponseRole, Severity, Stage

MENU = (
    ("stage", "Change stage", "list-checks"),
    ("assign", "Assign a role", "user-round-plus"),
    ("update", "Stakeholder update", "megaphone"),
    ("severity", "Change severity", "gauge"),
    ("component", "Affected component", "box"),
    ("edit", "Edit details", "pencil"),
    ("relate", "Link an incident", "link"),
    ("times", "Correct times", "clock"),
    ("verdict", "Mark as false positive", "flag"),
    ("privacy", "Change visibility", "lock"),
)
# (field of the incident, its action, its label)
FIELDS = (
    ("description", "description", "Description"),
    ("impact", "impact", "Impact"),
    ("root_cause", "root-cause", "Root cause"),
)


class IncidentPanel(Panel):
    """A panel of one incident's page; its key is the number."""

    def topics(self, key: str) -> tuple[str, ...]:
        return (f"incident:{key}",)

    def version(self, context: Mapping[str, Any]) -> str:
        incident = context["incident"]
        return versions_of([incident], incident.updated_at, context.get("may_act"), context.get("newest"))


@panel
class IncidentHeader(IncidentPanel):
    """Severity, title, status, roles, deadline, and available actions."""

    name = "incident.header"
    title = "State"
    template = "incidents/lifecycle/panels/header.html"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        held = {r.role: r.user for r in roles_of(actor, incident)}
        now, stages = timezone.now(), list(Stage)
        is_unresolved = incident.status in UNRESOLVED
        return {
            "incident": incident,
            "clocks": sla_statuses(incident, now, clocks_for(incident)) if is_unresolved else [],
            "stages": [(stage.label, stages.index(stage), stage.value) for stage in stages],
            "stage_at": stages.index(Stage(incident.stage)),
            "roles": [(role.value, role.label, held.get(role.value)) for role in ResponseRole],
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
            "is_unresolved": is_unresolved,
            "resolved_in": incident.resolved_at and incident.resolved_at - incident.detected_at,
            "severities": Severity.values,
            "menu": MENU,
        }


@panel
class IncidentResolution(IncidentPanel):
    """How it was fixed, how long it took, and which components are restored; empty while unresolved."""

    name = "incident.resolution"
    title = "Resolution"
    template = "incidents/lifecycle/panels/resolution.html"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        shown: dict[str, Any] = {"incident": incident}
        if incident.resolved_at is None:
            return shown
        affected = affected_components(actor, incident)
        return shown | {
            "text": resolution_text(actor, incident),
            "resolved_in": incident.resolved_at - incident.detected_at,
            "restored": [a.component.name for a in affected if a.restored_at is not None],
            "still_affected": [a.component.name for a in affected if a.restored_at is None],
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }


@panel
class IncidentComponents(IncidentPanel):
    """Affected components and their impact."""

    name = "incident.components"
    title = "Components"
    template = "incidents/lifecycle/panels/components.html"
    slot = "incident.side"
    order = 10

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {
            "incident": incident,
            "affected": affected_components(actor, incident),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }


@panel
class IncidentFacts(IncidentPanel):
    """Type, times, counts and labels."""

    name = "incident.facts"
    title = "Details"
    template = "incidents/lifecycle/panels/facts.html"
    slot = "incident.side"
    order = 20

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {
            "incident": incident,
            **_measures(incident),
            "texts": [(name, action, label, getattr(incident, name)) for name, action, label in FIELDS],
            "types": IncidentType.choices,
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }


def _measures(incident: Incident) -> dict[str, Any]:
    start = incident.detected_at
    return {
        "mttd": start - incident.started_at,
        "mtta": incident.acknowledged_at and incident.acknowledged_at - start,
        "mttr": incident.resolved_at and incident.resolved_at - start,
    }
