"""Sends, once, what is still wrong when a silence, window or inhibition no longer mutes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from core.queue.models import Priority
from core.reasons import Reason
from incidents.explain.recording import record_decisions
from incidents.models import Incident
from incidents.vocabulary import OVER
from notifications.channels.kind import CHANNEL_KINDS
from notifications.deliveries.explaining import not_notified
from notifications.deliveries.models import Delivery
from notifications.deliveries.planning import store
from notifications.deliveries.snapshot import snapshot_of
from notifications.silences.models import Silence
from notifications.silences.muting import covers

_NEVER_ARRIVED = (Delivery.Outcome.MUTED, Delivery.Outcome.SUPERSEDED, Delivery.Outcome.DEAD)


def release(
    workspace_id: int, muted_by: str, *, once: str, text: str, now: datetime, still: Silence | None = None
) -> int:
    """Plan one delivery for each destination whose deliveries were muted, where the incident is unresolved.

    `once` names this end: planned again, nothing is sent twice. What another silence covers is muted again
    by that one. `still`: a silence that goes on; what it covers stays muted. Returns how many deliveries
    are new.
    """
    with transaction.atomic():
        muted = Delivery.objects.of(workspace_id).filter(
            outcome=Delivery.Outcome.MUTED, muted_by=muted_by, unmuted_at=None
        )
        ids = sorted(pk for pk in set(muted.values_list("incident_id", flat=True)) if pk is not None)
        made = 0
        for incident in Incident.objects.of(workspace_id).filter(pk__in=ids).order_by("pk"):
            if still and covers(still, snapshot_of(workspace_id, incident.pk)):
                muted = muted.exclude(incident_id=incident.pk)
                continue  # as it was decided: Reason.SILENCED
            rows = list(muted.filter(incident_id=incident.pk).select_related("channel").order_by("pk"))
            if incident.status in OVER or incident.merged_into_id is not None:
                _pass_over(incident, rows, once, Reason.INCIDENT_OVER)
            else:
                made += store(_resumed(incident, rows, once, text))
        muted.update(unmuted_at=now)
    return made


def _resumed(incident: Incident, rows: Iterable[Delivery], once: str, text: str) -> list[Delivery]:
    by_destination: dict[str, list[Delivery]] = {}
    for row in rows:
        by_destination.setdefault(row.destination, []).append(row)
    snapshot = snapshot_of(incident.workspace_id, incident.pk)
    payload: dict[str, object] = {
        "event_kind": "incident.opened",
        "snapshot": snapshot,
        "details": {"message": text},
    }
    heard = {key for key, found in by_destination.items() if _has_heard_since(found[-1])}
    _pass_over(incident, [by_destination[key][-1] for key in sorted(heard)], once, Reason.ALREADY_NOTIFIED)
    return [
        _copy(incident, found, payload, once, text)
        for key, found in by_destination.items()
        if key not in heard
    ]


def _pass_over(incident: Incident, rows: Iterable[Delivery], once: str, reason: Reason) -> None:
    """Record that what muted these ended, and why they are not sent."""
    by_destination = {row.destination: row for row in rows}
    record_decisions(
        not_notified(
            incident.workspace_id, f"unmuted:{once}:{incident.pk}:{key}", reason,
            {"incident_id": incident.pk}, "incident.opened", user_id=row.user_id,
            channel_id=row.channel_id, subject=row.label,
        )
        for key, row in by_destination.items()
    )  # fmt: skip


def _has_heard_since(last: Delivery) -> bool:
    later = Delivery.objects.of(last.workspace_id).filter(
        incident_id=last.incident_id, destination=last.destination, pk__gt=last.pk
    )
    return bool(later.exclude(outcome__in=_NEVER_ARRIVED).exists())


def _copy(
    incident: Incident, muted: list[Delivery], payload: dict[str, object], once: str, text: str
) -> Delivery:
    last = muted[-1]
    is_always_page = last.channel is not None and CHANNEL_KINDS.get(last.channel.kind).is_always_page
    is_page = is_always_page or (
        incident.acknowledged_at is None and any(row.priority == Priority.PAGE for row in muted)
    )
    copied = (
        "workspace_id", "destination", "label", "incident_id", "incident_number", "channel_id", "user_id",
        "method_id", "recipient", "lane",
    )  # fmt: skip
    row = Delivery(
        **{name: getattr(last, name) for name in copied},
        event_key=f"unmuted:{once}:{incident.pk}",
        event_kind="incident.opened",
        priority=Priority.PAGE if is_page else Priority.NOTICE,
        payload=payload,
        why=text[:200],
    )
    row.because = Reason.UNMUTED
    return row
