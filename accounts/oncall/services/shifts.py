"""Stores the shifts of schedules 60 days ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import (
    Membership,
    OnCallImport,
    OnCallOverride,
    OnCallRotation,
    OnCallSchedule,
    OnCallShift,
)
from accounts.oncall.events import OnCallChanged
from accounts.oncall.planning import HORIZON, StoredShift, planned_spans, shift_changes
from accounts.oncall.stored_rotation import rotation_of
from accounts.oncall.turns import Span
from core.outbox.events import publish
from core.queue.runner import nudge_queue
from core.queues import UPKEEP


def refill_shifts(workspace_id: int, schedule_id: int, *, now: datetime) -> int:
    """Make the stored shifts of a manual schedule equal to its plan; return how many rows changed.

    Idempotent. Past shifts and the elapsed part of the running one stay. People who left the workspace or are
    deactivated are left out, which may leave a gap. Runs in its own transaction, or in the caller's.
    """
    with transaction.atomic():
        schedule = (
            OnCallSchedule.objects.of(workspace_id)
            .select_for_update(no_key=True)
            .filter(pk=schedule_id, source=OnCallSchedule.Source.MANUAL)
            .first()
        )
        if schedule is None:
            return 0
        return store_shifts(workspace_id, schedule, _planned(schedule, now), now=now)


def refill_shifts_of(workspace_id: int, user_id: int, *, now: datetime) -> None:
    """Refill the schedules that name a person, and import every calendar again.

    For a change of who is an active member, in the same transaction.
    """
    schedules = OnCallSchedule.objects.of(workspace_id)
    # Plans and imports that hold a schedule at the moment have read the members before: wait for them.
    locked = list(schedules.select_for_update(no_key=True).order_by("pk"))
    named = Q(rotations__participants__contains=[user_id])
    named |= Q(overrides__user_id=user_id, overrides__ends_at__gt=now)
    for schedule_id in set(schedules.filter(named).values_list("pk", flat=True)):
        refill_shifts(workspace_id, schedule_id, now=now)
    if any(one.source != OnCallSchedule.Source.MANUAL for one in locked):
        OnCallImport.objects.of(workspace_id).update(due_at=Now())
        nudge_queue(UPKEEP)


def store_shifts(
    workspace_id: int, schedule: OnCallSchedule, wanted: Sequence[Span], *, now: datetime
) -> int:
    """Write the difference between the stored and the planned shifts of a locked schedule."""
    mine = OnCallShift.objects.of(workspace_id)
    rows = mine.filter(schedule=schedule, ends_at__gt=now)
    stored = [StoredShift(s.pk, Span(s.user_id, s.starts_at, s.ends_at, s.source_uid)) for s in rows]
    changes = shift_changes(stored, wanted, now=now)
    mine.filter(pk__in=changes.delete).delete()
    was = {one.pk: one.span.ends_at for one in stored}
    # Earlier ends first, so that no two shifts overlap in between.
    for pk, ends_at in sorted(changes.set_end.items(), key=lambda one: one[1] > was[one[0]]):
        mine.filter(pk=pk).update(ends_at=ends_at, changed_at=now)
    OnCallShift.objects.bulk_create(_row(schedule, span, now) for span in changes.insert)
    schedule.filled_until = now + HORIZON
    schedule.save(update_fields=["filled_until"])
    if changes:
        publish(OnCallChanged(schedule.workspace_id, schedule_id=schedule.pk))
    return len(changes.delete) + len(changes.set_end) + len(changes.insert)


def _row(schedule: OnCallSchedule, span: Span, now: datetime) -> OnCallShift:
    return OnCallShift(
        workspace_id=schedule.workspace_id,
        schedule=schedule,
        user_id=span.user_id,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        source_uid=span.uid,
        changed_at=now,
    )


def _planned(schedule: OnCallSchedule, now: datetime) -> list[Span]:
    active = Membership.objects.of(schedule.workspace_id).filter(user__is_active=True)
    members = set(active.values_list("user_id", flat=True))
    rows = OnCallRotation.objects.of(schedule.workspace_id).filter(schedule=schedule)
    covers = OnCallOverride.objects.of(schedule.workspace_id).filter(schedule=schedule, ends_at__gt=now)
    return planned_spans(
        [rotation_of(row) for row in rows],
        [
            Span(one.user_id, one.starts_at, one.ends_at, f"override-{one.pk}")
            for one in covers.order_by("pk")
        ],
        members=members,
        zone=ZoneInfo(schedule.time_zone),
        start=now,
        end=now + HORIZON,
    )
