"""Builds timeline entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.actor import Actor
from incidents.models import Incident, TimelineEntry
from incidents.timeline.actor_keys import actor_key
from incidents.vocabulary import EntryKind

__all__ = ["actor_json", "actor_key", "entry", "newest"]


def actor_json(actor: Actor) -> dict[str, Any]:
    """Return the actor as events contain it."""
    return {"kind": actor.kind, "label": actor.label, "user_id": actor.user_id}


def entry(
    actor: Actor,
    incident: Incident,
    kind: EntryKind,
    message: str,
    *,
    at: datetime,
    is_public: bool = False,
    **data: Any,
) -> TimelineEntry:
    """Return an unsaved entry; `data` is its machine-readable part, with the actor as `by`."""
    return TimelineEntry(
        workspace_id=incident.workspace_id,
        incident=incident,
        kind=kind,
        message=message,
        is_public=is_public,
        author_id=actor.user_id,
        author_label=actor.label[:150],
        occurred_at=at,
        data={"by": actor_key(actor), **data},
    )


def newest(incident: Incident, **data: Any) -> TimelineEntry | None:
    """Return the newest entry whose data has these values."""
    entries = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, data__contains=data)
    # In the order of the incident's index: by id alone, PostgreSQL may read the entries of all incidents.
    return entries.select_related("author").order_by("-occurred_at", "-id").first()
