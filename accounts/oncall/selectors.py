"""Queries of schedules and shifts: who is on call now and next, and where the gaps are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.models import OnCallOverride, OnCallSchedule, OnCallShift, User, Workspace
from accounts.oncall.layers import Gap, gaps
from accounts.oncall.turns import Span
from accounts.permissions import Capability, require
from core.errors import NotFound

GAP_AHEAD: Final = timedelta(days=14)
MAX_SHIFTS: Final = 1000


@dataclass(slots=True)
class ScheduleView:
    """A schedule with its shifts from now on: who is on call, who is next, and the gaps."""

    schedule: OnCallSchedule
    is_default: bool
    shifts: list[OnCallShift] = field(default_factory=list)
    now: list[OnCallShift] = field(default_factory=list)
    next: OnCallShift | None = None
    gaps: list[Gap] = field(default_factory=list)


def schedule_for(actor: Actor, schedule_id: int) -> OnCallSchedule:
    """Return one schedule. Raises Forbidden, NotFound."""
    require(actor, Capability.ONCALL_READ)
    found: OnCallSchedule | None = (
        OnCallSchedule.objects.of(actor.workspace_id).filter(pk=schedule_id).first()
    )
    if found is None:
        raise NotFound("There is no such on-call schedule in this workspace.")
    return found


def schedules_of(actor: Actor) -> Sequence[OnCallSchedule]:
    """Return all schedules by name. Raises Forbidden."""
    require(actor, Capability.ONCALL_READ)
    return list(OnCallSchedule.objects.of(actor.workspace_id).order_by("name", "id")[:200])


def shifts_between(
    actor: Actor,
    start: datetime,
    end: datetime,
    *,
    schedule_id: int | None = None,
    user_id: int | None = None,
) -> Sequence[OnCallShift]:
    """Return shifts that overlap a time, by start, at most 1,000. Raises Forbidden."""
    require(actor, Capability.ONCALL_READ)
    shifts = _shifts(actor.workspace_id).filter(ends_at__gt=start, starts_at__lt=end)
    if schedule_id is not None:
        shifts = shifts.filter(schedule_id=schedule_id)
    if user_id is not None:
        shifts = shifts.filter(user_id=user_id)
    return list(shifts.order_by("starts_at", "id")[:MAX_SHIFTS])


def schedule_views(actor: Actor, *, now: datetime) -> list[ScheduleView]:
    """Return every schedule with who is on call now and next, and its gaps in 14 days: three queries.

    As in `on_call_at`, deactivated people are not on call.
    """
    schedules = schedules_of(actor)
    default_id = _default_id(actor.workspace_id)
    views = {one.pk: ScheduleView(one, one.pk == default_id) for one in schedules}
    for shift in shifts_between(actor, now, now + GAP_AHEAD):
        if shift.schedule_id in views and shift.user.is_active:
            _add(views[shift.schedule_id], shift, now)
    for view in views.values():
        view.gaps = gaps(spans_from(view.shifts), now, now + GAP_AHEAD)
    return list(views.values())


def on_call_at(workspace_id: int, schedule_id: int | None, moment: datetime) -> list[User]:
    """Return the active people on call in a schedule at that time, by the start of their shifts."""
    if schedule_id is None:
        return []
    shifts = _shifts(workspace_id).filter(
        schedule_id=schedule_id, starts_at__lte=moment, ends_at__gt=moment, user__is_active=True
    )
    return [shift.user for shift in shifts.order_by("starts_at", "id")[:20]]


def default_on_call(workspace_id: int, moment: datetime) -> list[User]:
    """Return the people on call at that time in the default schedule of the workspace."""
    return on_call_at(workspace_id, _default_id(workspace_id), moment)


def spans_from(shifts: Iterable[OnCallShift]) -> list[Span]:
    """Return shifts as pure values."""
    return [Span(one.user_id, one.starts_at, one.ends_at, one.source_uid) for one in shifts]


def overrides_of(actor: Actor, schedule_id: int, *, now: datetime) -> Sequence[OnCallOverride]:
    """Return the current and coming overrides of a schedule. Raises Forbidden."""
    require(actor, Capability.ONCALL_READ)
    rows = OnCallOverride.objects.of(actor.workspace_id).select_related("user")
    return list(rows.filter(schedule_id=schedule_id, ends_at__gt=now).order_by("starts_at", "id")[:200])


def _add(view: ScheduleView, shift: OnCallShift, now: datetime) -> None:
    view.shifts.append(shift)
    if shift.starts_at <= now:
        view.now.append(shift)
    elif view.next is None:
        view.next = shift


def _shifts(workspace_id: int) -> QuerySet[OnCallShift]:
    shifts: QuerySet[OnCallShift] = OnCallShift.objects.of(workspace_id).select_related("user", "schedule")
    return shifts


def _default_id(workspace_id: int) -> int | None:
    return Workspace.objects.filter(pk=workspace_id).values_list("default_schedule_id", flat=True).first()
