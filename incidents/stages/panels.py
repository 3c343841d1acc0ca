"""Checklist of the current stage on an incident's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for
from incidents.stages.selectors import stages_of


@panel
class IncidentChecklist(IncidentPanel):
    """The current stage's checklist, and who ticked what."""

    name = "incident.checklist"
    title = "Checklist"
    template = "incidents/stages/panels/checklist.html"
    slot = "incident.side"
    order = 5

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        shown = stages_of(actor, incident)
        current = next(stage for stage in shown if stage["is_current"])
        return {
            "incident": incident,
            "current": current,
            "done": sum(item["ticked_at"] is not None for item in current["items"]),
            "skipped": [stage for stage in shown if stage["skipped_at"] is not None],
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }
