"""Holds notices until the person's quiet hours end, or to merge them with others of the incident."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models.functions import Now

from core.reasons import Reason
from notifications.contacts.quiet import quiet_end_of
from notifications.deliveries.models import Delivery

GROUP_S: Final = 30


def hold(row: Delivery, now: datetime) -> None:
    """Hold a notice, not stored yet, if there is a reason to."""
    if row.user_id and (end := quiet_end_of(row.workspace_id, row.user_id, now)):
        row.due_at, row.outcome, row.reason_code = end, Delivery.Outcome.HELD, Reason.QUIET_HOURS
        row.reason = f"held until {end:%Y-%m-%d %H:%M} UTC, because of quiet hours"
    elif row.channel_id and row.incident_id and not row.lane and _has_recent(row):
        row.due_at = Now() + timedelta(seconds=GROUP_S)
        row.outcome, row.reason_code = Delivery.Outcome.HELD, Reason.GROUPED
        row.reason = f"held up to {GROUP_S} s, to be merged with other notices of the incident"


def _has_recent(row: Delivery) -> bool:
    recent = Delivery.objects.of(row.workspace_id).filter(
        channel_id=row.channel_id,
        incident_id=row.incident_id,
        recipient=row.recipient,
        created_at__gt=Now() - timedelta(seconds=GROUP_S),
    )
    return bool(recent.exclude(event_key=row.event_key).exists())
