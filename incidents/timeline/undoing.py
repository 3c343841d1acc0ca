"""Finds the timeline entries the viewer can undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from accounts.actor import Actor
from core.sql.compiled_queries import compiled
from incidents.bulk.models import BulkKind, BulkStep, Outcome
from incidents.bulk.selectors import UNDO_WITHIN
from incidents.models import Incident, TimelineEntry
from incidents.timeline.actor_keys import actor_key
from incidents.timeline.services.amendments import AMENDABLE
from incidents.vocabulary import EntryKind

_ENTRY_OF: Final[Mapping[str, EntryKind]] = {
    BulkKind.ACKNOWLEDGE: EntryKind.ACKNOWLEDGED,
    BulkKind.RESOLVE: EntryKind.RESOLUTION,
    BulkKind.ASSIGN: EntryKind.ROLE_ASSIGNED,
}


def undo_addresses(
    actor: Actor, incident: Incident, entries: Iterable[TimelineEntry], now: datetime
) -> dict[int, str]:
    """Return entry id -> URL that undoes it, of the actor's own entries of the last ten minutes.

    A note or an update is withdrawn. An acknowledgement, a resolution and an assignment can be undone while
    nothing else changed on the incident.
    """
    me, since = actor_key(actor), now - UNDO_WITHIN
    mine = [entry for entry in entries if entry.created_at > since and entry.data.get("by") == me]
    found = {
        entry.pk: f"/incidents/{incident.reference}/withdraw"
        for entry in mine
        if entry.kind in AMENDABLE and entry.withdrawn_at is None
    }
    acts = [entry for entry in mine if entry.kind in _ENTRY_OF.values()]
    step = _last_step(incident, me, since)  # always queried, so that the page's cost does not vary
    if step is not None:
        kind = _ENTRY_OF[step.action.kind]
        of = [entry.pk for entry in acts if entry.kind == kind]
        found |= dict.fromkeys(of[:1], f"/incidents/bulk/{step.action_id}/undo")
    return found


def _last_step(incident: Incident, made_by: str, since: datetime) -> BulkStep | None:
    """Return the actor's newest action on the incident's current version, if not undone."""
    found = _steps(incident.workspace_id, incident.pk, incident.version, made_by, since)
    return next(iter(found), None)


@compiled(int, int, int, str, datetime)
def _steps(
    workspace_id: int, incident_id: int, version: int, made_by: str, since: datetime
) -> QuerySet[BulkStep]:
    steps = BulkStep.objects.of(workspace_id).filter(
        incident_id=incident_id,
        version=version,
        outcome=Outcome.DONE,
        undo="",
        action__made_by=made_by,
        action__made_at__gt=since,
        action__undone_at=None,
    )
    return steps.select_related("action").order_by("-id")[:1]
