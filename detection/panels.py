"""What detection adds to an incident's page: the events that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from core.panels import panel
from detection.latest import latest_events
from incidents.panels import IncidentPanel
from incidents.selectors import incident_for


@panel
class IncidentEvents(IncidentPanel):
    """The newest of the events it counts; nothing at all for an incident that counts none."""

    name = "incident.events"
    title = "Events"
    template = "detection/panels/events.html"
    slot = "incident.main"
    order = 60

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        events = latest_events(actor, incident.pk)
        return {"incident": incident, "events": events, "newest": events[0].pk if events else 0}
