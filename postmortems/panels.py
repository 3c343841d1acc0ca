"""What the page of an incident shows of its postmortem and of earlier lessons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.markdown import REFERENCES
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for
from postmortems.action_items.selectors import items_of
from postmortems.documents.selectors import postmortem_of
from postmortems.learning.selectors import lessons_for

REFERENCES.add("action item", ("ACT-[1-9][0-9]{0,9}", "/action-items/"))


@panel
class IncidentPostmortem(IncidentPanel):
    """State of the postmortem and the action items of an incident."""

    name = "postmortem.incident"
    title = "Postmortem"
    template = "postmortems/panels/postmortem.html"
    slot = "incident.side"
    order = 25

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {
            "incident": incident,
            "postmortem": postmortem_of(actor, incident),
            "items": items_of(actor, incident)[:20],
            "may_write": allowed(actor, Capability.ACTION_ITEMS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        one, items = context["postmortem"], context["items"]
        state = (one.version, one.status) if one else ()
        incident = context["incident"]
        seen = [(item.number, item.version) for item in items]
        return repr((incident.pk, bool(incident.resolved_at), state, seen, context["may_write"]))


@panel
class IncidentLessons(IncidentPanel):
    """Lessons of earlier incidents of its type or components."""

    name = "postmortem.lessons"
    title = "Lessons from before"
    template = "postmortems/panels/lessons.html"
    slot = "incident.side"
    order = 28

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {"incident": incident, "lessons": lessons_for(actor, incident)}

    def version(self, context: Mapping[str, Any]) -> str:
        return repr((context["incident"].pk, [one.pk for one in context["lessons"]]))
