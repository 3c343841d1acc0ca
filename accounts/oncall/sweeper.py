"""Keeps the shifts of every schedule 60 days ahead, and publishes coming gaps once a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import OnCallSchedule, OnCallShift
from accounts.oncall.events import OnCallGapFound
from accounts.oncall.layers import gaps
from accounts.oncall.planning import HORIZON
from accounts.oncall.selectors import spans_from
from accounts.oncall.services.shifts import refill_shifts
from core.outbox.events import publish

WARN_AHEAD: Final = timedelta(days=7)
DAILY: Final = timedelta(hours=23, minutes=30)


def refill_all_schedules(now: datetime | None = None) -> int:
    """Refill schedules not filled for a day; return how many. Idempotent."""
    now = now or timezone.now()
    stale = Q(filled_until=None) | Q(filled_until__lt=now + HORIZON - DAILY)
    stale &= Q(source=OnCallSchedule.Source.MANUAL)
    schedules = list(OnCallSchedule.across_workspaces.filter(stale).order_by("pk")[:1000])
    for schedule in schedules:
        refill_shifts(schedule.workspace_id, schedule.pk, now=now)
        publish_first_gap(schedule, now=now)
    return len(schedules)


def publish_first_gap(schedule: OnCallSchedule, *, now: datetime) -> None:
    """Publish the first gap of the next 7 days, if there is one."""
    shifts = OnCallShift.objects.of(schedule.workspace_id).filter(
        schedule=schedule, ends_at__gt=now, starts_at__lt=now + WARN_AHEAD
    )
    found = gaps(spans_from(shifts), now, now + WARN_AHEAD)
    if not found:
        return
    starts, ends = found[0]
    fact = OnCallGapFound(
        schedule.workspace_id,
        schedule_id=schedule.pk,
        schedule=schedule.name,
        starts_at=starts.isoformat(),
        ends_at=ends.isoformat(),
    )
    with transaction.atomic():
        publish(fact)
