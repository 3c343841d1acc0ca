"""Panel of an incident's events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from accounts.actor import Actor
from core.errors import Invalid
from core.ui.panels import panel
from detection.evaluation.member_events import (
    LIMITS,
    EventFilter,
    EventsPage,
    distribution_of,
    member_events,
    read_event_filter,
)
from detection.levels import LEVEL_LABELS
from detection.models import Event
from detection.sources.own_keys import masked
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for

SHOWN_SOURCES: Final = 8
MAX_METADATA_CHARS: Final = 4000  # characters of one event's metadata; all of it is in the API


@dataclass(frozen=True, slots=True)
class Shown:
    """One event as shown to people: values that look like credentials are masked."""

    event: Event
    message: str
    metadata: str

    @property
    def is_cut(self) -> bool:
        """Return whether the metadata is longer than what is shown."""
        return len(self.metadata) > MAX_METADATA_CHARS


def shown(event: Event) -> Shown:
    """Return an event with its message and metadata redacted."""
    message, metadata = masked(event.workspace_id, [event.message, event.metadata])
    words = json.dumps(metadata, indent=2, ensure_ascii=False) if metadata else ""
    return Shown(event, message, words)


@panel
class IncidentEvents(IncidentPanel):
    """The newest events it counts; empty for an incident without events."""

    name = "incident.events"
    title = "Events"
    template = "detection/panels/events.html"
    slot = "incident.main"
    order = 60

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        wanted, page, fault = _requested(actor, incident, query)
        spread = distribution_of(actor, incident)
        return {
            "incident": incident,
            "page": page,
            "events": [shown(event) for event in page.items],
            "wanted": wanted,
            "wanted_level": LEVEL_LABELS[wanted.minimum_level] if wanted.minimum_level else "",
            "at": wanted.as_query(),
            "is_later": bool(query.get("events_before")) and not fault,
            "fault": fault,
            "spread": spread,
            "sources": spread.sources[:SHOWN_SOURCES],
            "limits": LIMITS,
            "levels": [label for label in LEVEL_LABELS if label != "debug"],
            "longest": MAX_METADATA_CHARS,
            "newest": f"{page.items[0].pk if page.items else 0}.{len(page.items)}.{spread.counted}",
        }


def _requested(actor: Actor, incident: Any, query: Mapping[str, str]) -> tuple[EventFilter, EventsPage, str]:
    """Parse the filter in the URL; an invalid one shows the newest events and the error."""
    try:
        wanted = read_event_filter(query)
        page = member_events(
            actor, incident, wanted, cursor=query.get("events_before") or None, limit=wanted.limit
        )
    except Invalid as fault:
        why = fault.detail.removesuffix(" Nothing was changed.")
        return EventFilter(), member_events(actor, incident), why
    return wanted, page, ""
