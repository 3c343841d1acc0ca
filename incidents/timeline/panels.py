"""Panels of the timeline and of related incidents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.markdown import REFERENCES
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.links.selectors import related_incidents
from incidents.models import Incident
from incidents.selectors import incident_for, timeline_of
from incidents.timeline.presentation import (
    ALL_ACTIVITY,
    HIGHLIGHTS,
    KINDS,
    TABS,
    entry_named,
    lines_of,
    without,
)
from incidents.timeline.selectors import pinned_entries, timeline_around
from incidents.timeline.undoing import undo_addresses

MORE_THAN: Final = 100
REFERENCES.add("incident", ("#?INC-[1-9][0-9]{0,9}", "/incidents/"))
REFERENCES.add("member", ("@[A-Za-z0-9](?:[A-Za-z0-9._-]{0,118}[A-Za-z0-9])?", "/incidents?assigned_to="))


@panel
class IncidentTimeline(IncidentPanel):
    """The timeline, newest first, pinned entries on top."""

    name = "incident.timeline"
    title = "Timeline"
    template = "incidents/timeline/panels/timeline.html"
    slot = "incident.main"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        shown = _timeline_page(actor, incident, query)
        page = shown["page"]
        may_act = allowed(actor, Capability.INCIDENTS_WRITE)
        is_later = bool(query.get("before") or entry_named(query))
        return {
            "incident": incident,
            "lines": lines_of(page.items),
            "pins": [] if is_later else pinned_entries(actor, incident),
            "next_cursor": page.next_cursor,
            "is_later": is_later,
            "kind": shown["kind"],
            "kinds": TABS,
            "may_act": may_act,
            "undo": undo_addresses(actor, incident, page.items, timezone.now()) if may_act else {},
        }

    def version(self, context: Mapping[str, Any]) -> str:
        incident: Incident = context["incident"]
        first = [line.newest.pk for line in context["lines"][:1]]
        more = (incident.updated_at.isoformat(), first, len(context["lines"]), context["may_act"])
        return "|".join(map(str, (incident.pk, incident.version, *more, sorted(context["undo"].items()))))


def _timeline_page(actor: Actor, incident: Incident, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the requested page: the one with a linked entry, else by kind and cursor."""
    if entry := entry_named(query):
        page, is_full = timeline_around(actor, incident, entry)
        return {"page": page, "kind": ALL_ACTIVITY if is_full else HIGHLIGHTS}
    kind = query.get("kind", HIGHLIGHTS)
    kinds = KINDS.get(kind, ())
    page = timeline_of(
        actor, incident.pk, kinds=kinds, without=without(kind), cursor=query.get("before") or None
    )
    return {"page": page, "kind": kind}


@panel
class IncidentRelated(IncidentPanel):
    """Linked incidents, earlier ones of the same fingerprint, and nearby ones."""

    name = "incident.related"
    title = "Related incidents"
    template = "incidents/timeline/panels/related.html"
    slot = "incident.side"
    order = 30

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        related = related_incidents(actor, incident)
        groups = (
            ("Earlier incidents of this alert", related.earlier),
            ("Same component, within 24 hours", related.neighbours),
            ("Earlier incidents of this type", related.same_type),
        )
        return {
            "incident": incident,
            "related": related,
            "groups": [(title, found) for title, found in groups if found],
            "more_than": related.recurrence >= MORE_THAN,
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        related = context["related"]
        shown = [(one.pk, one.version) for one in related.all()]
        own = (context["incident"].pk, context["incident"].version, context["may_act"])
        return "|".join(map(str, (*own, shown, related.recurrence, len(related.linked))))
