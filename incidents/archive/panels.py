"""Archive notice on an incident's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import panel
from incidents.archive.selectors import archive_of
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for


@panel
class IncidentArchiveNote(IncidentPanel):
    """Notice that timeline and events are archived, with a button to restore them."""

    name = "incident.archive"
    title = "Archive"
    template = "incidents/archive/panels/archive.html"
    slot = "incident.actions"
    order = 5

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        found = archive_of(incident) if incident.archived_at else None
        return {
            "incident": incident,
            "archive": found,
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
            "newest": found.phase if found else "",
        }
