"""The timeline on an incident's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from core.panels import panel
from incidents.keyset import Page
from incidents.models import TimelineEntry
from incidents.panels_incident import IncidentPanel
from incidents.selectors import incident_for, timeline_page
from incidents.selectors_story import timeline_around
from incidents.vocabulary import EntryKind

TOLD = (EntryKind.UPDATE, EntryKind.MITIGATION, EntryKind.RESOLUTION, EntryKind.STATUS_CHANGE)
KINDS: Mapping[str, tuple[EntryKind, ...]] = {
    "": (),
    "updates": TOLD,
    "notes": (EntryKind.NOTE,),
    "detection": (EntryKind.DETECTED, EntryKind.EVENT, EntryKind.SLA),
}


@panel
class IncidentTimeline(IncidentPanel):
    """What happened, newest first."""

    name = "incident.timeline"
    title = "Timeline"
    template = "incidents/panels/timeline.html"
    slot = "incident.main"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        kind = query.get("kind", "")
        page = _story(actor, key, kind, query)
        newest = page.items[0].pk if page.items else 0
        return {
            "incident": incident_for(actor, key),
            "entries": page.items,
            "next_cursor": page.next_cursor,
            "is_later": bool(query.get("before") or query.get("entry")),
            "newest": f"{newest}.{len(page.items)}",
            "kind": kind,
            "kinds": [
                ("", "Everything"),
                ("updates", "Updates"),
                ("notes", "Notes"),
                ("detection", "Detection"),
            ],
        }


def _story(actor: Actor, key: str, kind: str, query: Mapping[str, str]) -> Page[TimelineEntry]:
    """The page asked for: the one with an entry that somebody linked to, else by kind and cursor."""
    if entry := _entry(query):
        return timeline_around(actor, incident_for(actor, key), entry)[0]
    return timeline_page(actor, key, kinds=KINDS.get(kind, ()), cursor=query.get("before") or None)


def _entry(query: Mapping[str, str]) -> int:
    given = query.get("entry", "")
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 19 else 0
