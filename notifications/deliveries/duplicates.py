"""Deduplicates deliveries with the same content to one address within a minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models.functions import Now

from core.queue.models import Priority
from core.queue.runner import nudge_queue
from core.reasons import Reason
from incidents.vocabulary import SEVERITY_RANK, Severity
from notifications.deliveries.models import Delivery
from notifications.queues import PAGE

WITHIN: Final = timedelta(seconds=60)
_ON_THE_WAY: Final = (Delivery.Outcome.PENDING, Delivery.Outcome.SENT, Delivery.Outcome.HELD)


def drop_duplicates(rows: Sequence[Delivery], now: datetime) -> None:
    """Settle duplicates of what a person was just sent as merged. A page is a duplicate only of a page of the
    same escalation start and of the same or a worse severity; a notice of the same notice or such a page."""
    for row in rows:
        is_to_person = row.user_id and row.incident_id and row.state == Delivery.State.PENDING
        if is_to_person and (earlier := _earlier(row, now)) is not None:
            row.state, row.settled_at = Delivery.State.DONE, now
            row.outcome, row.merged_into = Delivery.Outcome.MERGED, earlier
            row.reason_code = Reason.REPEATED
            row.reason = "the same was sent to this address within a minute"


def _earlier(row: Delivery, now: datetime) -> Delivery | None:
    rows = Delivery.objects.of(row.workspace_id).filter(
        incident_id=row.incident_id,
        destination=row.destination,
        event_kind=row.event_kind,
        priority__lte=row.priority,
        created_at__gt=now - WITHIN,
        outcome__in=_ON_THE_WAY,
    )
    found = rows.exclude(event_key=row.event_key).order_by("pk")
    same = [one.pk for one in found[:50] if _has_same_text(one, row)]
    # Locked, so that it does not fail for good, unseen by `revive_repeats`, before this row is committed.
    locked: Delivery | None = rows.filter(pk__in=same[:1]).select_for_update(of=("self",)).first()
    return locked


def _has_same_text(earlier: Delivery, row: Delivery) -> bool:
    if row.priority == Priority.PAGE:
        return _start(earlier) == _start(row) and _rank(earlier) >= _rank(row)
    return bool(earlier.payload.get("details") == row.payload.get("details"))


def _start(row: Delivery) -> str:
    """`esc:<escalation>:<generation>` for the page of a step; otherwise the whole key."""
    parts = row.event_key.split(":")
    return ":".join(parts[:3]) if parts[0] == "esc" else row.event_key


def _rank(row: Delivery) -> int:
    """Sort key: higher for worse severities."""
    severity = (row.payload.get("snapshot") or {}).get("severity") or Severity.SEV4
    return -SEVERITY_RANK[Severity(severity)]


def revive_duplicates(delivery: Delivery) -> None:
    """Send the pages that were dropped as duplicates of one that failed permanently."""
    rows = Delivery.objects.of(delivery.workspace_id).filter(
        merged_into=delivery, priority=Priority.PAGE, outcome=Delivery.Outcome.MERGED
    )
    again = rows.update(
        state=Delivery.State.PENDING,
        outcome=Delivery.Outcome.PENDING,
        settled_at=None,
        due_at=Now(),
        merged_into=None,
        reason_code="",
        reason="sent, because the page it duplicates failed",
    )
    if again:
        nudge_queue(PAGE)
