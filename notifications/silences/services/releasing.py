"""Notifies, once, of unresolved incidents that a silence, window or inhibition no longer mutes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from core.queue import items
from core.queue.models import Priority
from core.queue.runner import nudge_queue
from core.queues import CLOCKS
from core.reasons import Reason
from incidents.explain.recording import record_decisions
from incidents.models import Incident
from incidents.vocabulary import OVER
from notifications.channels.kind import CHANNEL_KINDS
from notifications.deliveries.explaining import not_notified
from notifications.deliveries.models import Delivery
from notifications.deliveries.planning import store
from notifications.deliveries.snapshot import snapshot_of
from notifications.silences.locking import lock_quiet_times
from notifications.silences.models import Release, Silence
from notifications.silences.muting import covers

MAX_INCIDENTS: Final = 50  # per transaction
_NEVER_ARRIVED = (Delivery.Outcome.MUTED, Delivery.Outcome.SUPERSEDED, Delivery.Outcome.DEAD)


def release(
    workspace_id: int, muted_by: str, *, once: str, text: str, now: datetime, still: Silence | None = None
) -> None:
    """Plan one delivery per destination whose deliveries were muted, for unresolved incidents.

    `once` identifies this end, for idempotency. What another silence covers is muted again by that one.
    `still`: a silence that is still active; what it covers stays muted. The first `MAX_INCIDENTS`
    incidents are done in this transaction, the others in batches by `run_release`.
    """
    with transaction.atomic():
        rest = Release(
            workspace_id=workspace_id, muted_by=muted_by, once=once, text=text, still=still, after_incident=0
        )
        if _advance(rest, now):
            rest.due_at = now
            Release.objects.bulk_create([rest], ignore_conflicts=True)
            nudge_queue(CLOCKS)


def run_release(workspace_id: int, item: Release, *, now: datetime) -> None:
    """Process the next incidents of a claimed release; each once, even with concurrent claims."""
    with transaction.atomic():
        lock_quiet_times(workspace_id)
        if items.is_held(item):
            if _advance(item, now):
                items.reschedule(item, now, after_incident=item.after_incident)
            else:
                items.settle(item, after_incident=item.after_incident)


def _advance(rest: Release, now: datetime) -> bool:
    """Process the next `MAX_INCIDENTS` incidents and set `after_incident`. Returns whether there are more."""
    every = Delivery.objects.of(rest.workspace_id).filter(
        outcome=Delivery.Outcome.MUTED, muted_by=rest.muted_by, unmuted_at=None
    )
    later = every.filter(incident_id__gt=rest.after_incident).order_by("incident_id")
    ids = list(later.values_list("incident_id", flat=True).distinct()[: MAX_INCIDENTS + 1])
    for incident in Incident.objects.of(rest.workspace_id).filter(pk__in=ids[:MAX_INCIDENTS]).order_by("pk"):
        _release_incident(incident, every.filter(incident_id=incident.pk), rest, now)
    rest.after_incident = ids[:MAX_INCIDENTS][-1] if ids else rest.after_incident
    return len(ids) > MAX_INCIDENTS


def _release_incident(incident: Incident, muted: QuerySet[Delivery], rest: Release, now: datetime) -> None:
    if rest.still and covers(rest.still, snapshot_of(incident.workspace_id, incident.pk)):
        return  # as it was decided: Reason.SILENCED
    newest = muted.order_by("destination", "-pk").distinct("destination").select_related("channel")
    rows = sorted(newest, key=lambda row: row.pk)
    if incident.status in OVER or incident.merged_into_id is not None:
        _skip(incident, rows, rest.once, Reason.INCIDENT_OVER)
    else:
        paged = muted.filter(priority=Priority.PAGE).order_by().values_list("destination", flat=True)
        store(_resumed(incident, rows, set(paged.distinct()), rest))
    muted.update(unmuted_at=now)


def _resumed(
    incident: Incident, newest: Sequence[Delivery], paged: Collection[str], rest: Release
) -> list[Delivery]:
    """A delivery for each destination not notified since; `newest`: its last muted delivery."""
    snapshot = snapshot_of(incident.workspace_id, incident.pk)
    payload: dict[str, object] = {
        "event_kind": "incident.opened",
        "snapshot": snapshot,
        "details": {"message": rest.text},
    }
    notified = [row for row in newest if _was_notified_since(row)]
    _skip(incident, notified, rest.once, Reason.ALREADY_NOTIFIED)
    known = {row.destination for row in notified}
    return [
        _copy(incident, row, payload, rest, is_paged=row.destination in paged)
        for row in newest
        if row.destination not in known
    ]


def _skip(incident: Incident, rows: Iterable[Delivery], once: str, reason: Reason) -> None:
    """Record that these are no longer muted, and why they are not sent."""
    by_destination = {row.destination: row for row in rows}
    record_decisions(
        not_notified(
            incident.workspace_id, f"unmuted:{once}:{incident.pk}:{key}", reason,
            {"incident_id": incident.pk}, "incident.opened", user_id=row.user_id,
            channel_id=row.channel_id, subject=row.label,
        )
        for key, row in by_destination.items()
    )  # fmt: skip


def _was_notified_since(last: Delivery) -> bool:
    later = Delivery.objects.of(last.workspace_id).filter(
        incident_id=last.incident_id, destination=last.destination, pk__gt=last.pk
    )
    return bool(later.exclude(outcome__in=_NEVER_ARRIVED).exists())


def _copy(
    incident: Incident, last: Delivery, payload: dict[str, object], rest: Release, *, is_paged: bool
) -> Delivery:
    is_always_page = last.channel is not None and CHANNEL_KINDS.get(last.channel.kind).is_always_page
    is_page = is_always_page or (incident.acknowledged_at is None and is_paged)
    copied = (
        "workspace_id", "destination", "label", "incident_id", "incident_number", "channel_id", "user_id",
        "method_id", "recipient", "lane",
    )  # fmt: skip
    row = Delivery(
        **{name: getattr(last, name) for name in copied},
        event_key=f"unmuted:{rest.once}:{incident.pk}",
        event_kind="incident.opened",
        priority=Priority.PAGE if is_page else Priority.NOTICE,
        payload=payload,
        why=rest.text[:200],
    )
    row.because = Reason.UNMUTED
    return row
