"""Reads a whole timeline in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from accounts.actor import Actor
from accounts.permissions import Capability, require
from incidents.merging.family import family_of
from incidents.models import Incident, TimelineEntry

BATCH: Final = 500


def timeline_in_batches(
    actor: Actor, incident: Incident, *, size: int = BATCH
) -> Iterator[Sequence[TimelineEntry]]:
    """Yield all entries, with those of incidents merged into it, oldest first, in batches.

    Batches are read on demand. Raises Forbidden at once.

    Entries and order are fixed by one statement, since the time of a note may be corrected meanwhile; texts
    never change.
    """
    require(actor, Capability.INCIDENTS_READ)
    entries = TimelineEntry.objects.of(actor.workspace_id).filter(
        incident_id__in=family_of(actor.workspace_id, incident.pk)
    )
    ids = list(entries.order_by("occurred_at", "id").values_list("id", flat=True))
    return (_batch(actor, ids[start : start + size]) for start in range(0, len(ids), size))


def _batch(actor: Actor, ids: Sequence[int]) -> list[TimelineEntry]:
    found = TimelineEntry.objects.of(actor.workspace_id).in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]
