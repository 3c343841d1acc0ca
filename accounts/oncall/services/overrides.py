"""Overrides: someone covers a time; and swaps: two people exchange two shifts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Membership, OnCallOverride, OnCallSchedule, OnCallShift
from accounts.oncall.services.schedules import locked_schedule
from accounts.oncall.services.shifts import refill_shifts
from accounts.oncall.validation import check_override, refuse_imported
from accounts.permissions import Capability, require
from accounts.validation import clean_name, invalid
from core.errors import NotFound


def create_override(
    actor: Actor, *, schedule_id: int, username: str, starts_at: datetime, ends_at: datetime, reason: str = ""
) -> OnCallOverride:
    """Put a member on call for a time, over every layer; shifts follow.

    Managers may put anyone on call, responders themselves. Raises Forbidden, NotFound, Invalid naming the
    field, Conflict for an imported schedule.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    now = timezone.now()
    with transaction.atomic():
        schedule = locked_schedule(actor, schedule_id)
        user_id = _member_id(actor, username)
        _require_cover(actor, user_id)
        check_override(starts_at, ends_at, now=now)
        refuse_imported(schedule)
        override = _insert(actor, schedule, user_id, starts_at, ends_at, reason)
        _record(actor, override, f"put {username} on call in {schedule.name}")
        refill_shifts(actor.workspace_id, schedule.pk, now=now)
    return override


def remove_override(actor: Actor, *, override_id: int) -> None:
    """Remove an override that has not ended, and the other half of its swap.

    The part that has passed stays in the shifts. Raises Forbidden, NotFound.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    now = timezone.now()
    with transaction.atomic():
        override = (
            OnCallOverride.objects.of(actor.workspace_id).filter(pk=override_id, ends_at__gt=now).first()
        )
        if override is None:
            raise NotFound("There is no such override, or it has ended.")
        _require_cover(actor, override.user_id)
        schedule = locked_schedule(actor, override.schedule_id)
        _record(actor, override, f"removed an override of {schedule.name}", action="oncall.override_remove")
        halves = OnCallOverride.objects.of(actor.workspace_id).filter(ends_at__gt=now)
        halves.filter(swap_of_id=override.pk).delete()
        if override.swap_of_id:
            halves.filter(pk=override.swap_of_id).delete()
        override.delete()
        refill_shifts(actor.workspace_id, schedule.pk, now=now)


def swap_shifts(
    actor: Actor, *, shift_id: int, other_shift_id: int, reason: str = ""
) -> tuple[OnCallOverride, OnCallOverride]:
    """Exchange two coming or running shifts of one schedule between their people, as two linked overrides.

    Managers may swap any two, responders one of their own. Raises Forbidden, NotFound, Invalid.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    now = timezone.now()
    with transaction.atomic():
        mine, theirs = _shift(actor, shift_id, now), _shift(actor, other_shift_id, now)
        _require_cover(actor, mine.user_id)
        if mine.schedule_id != theirs.schedule_id:
            raise invalid("other_shift_id", "schedule", "must be a shift of the same schedule")
        if mine.user_id == theirs.user_id:
            raise invalid("other_shift_id", "person", "must be a shift of another person")
        schedule = locked_schedule(actor, mine.schedule_id)
        refuse_imported(schedule)
        first = _insert(actor, schedule, theirs.user_id, max(mine.starts_at, now), mine.ends_at, reason)
        second = _insert(actor, schedule, mine.user_id, max(theirs.starts_at, now), theirs.ends_at, reason)
        second.swap_of = first
        second.save(update_fields=["swap_of"])
        _record(actor, first, f"swapped two shifts of {schedule.name}", action="oncall.swap")
        refill_shifts(actor.workspace_id, schedule.pk, now=now)
    return first, second


def _require_cover(actor: Actor, user_id: int) -> None:
    is_own = actor.user_id is not None and actor.user_id == user_id
    require(actor, Capability.INCIDENTS_WRITE if is_own else Capability.ONCALL_WRITE)


def _insert(
    actor: Actor, schedule: OnCallSchedule, user_id: int, starts_at: datetime, ends_at: datetime, reason: str
) -> OnCallOverride:
    made: OnCallOverride = OnCallOverride.objects.create(
        workspace_id=actor.workspace_id,
        schedule=schedule,
        user_id=user_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=clean_name(reason, field="reason", most=200) if reason else "",
        created_by_id=actor.user_id,
    )
    return made


def _member_id(actor: Actor, username: str) -> int:
    members = Membership.objects.of(actor.workspace_id).filter(user__is_active=True)
    found: int | None = (
        members.filter(user__username=username.lower()[:150]).values_list("user_id", flat=True).first()
    )
    if found is None:
        require(actor, Capability.ONCALL_WRITE)
        raise invalid("username", "member", "must be the user name of an active member of this workspace")
    return found


def _shift(actor: Actor, shift_id: int, now: datetime) -> OnCallShift:
    rows = OnCallShift.objects.of(actor.workspace_id).filter(ends_at__gt=now)
    found: OnCallShift | None = rows.filter(pk=shift_id).first()
    if found is None:
        raise NotFound("There is no such shift, or it has ended.")
    return found


def _record(
    actor: Actor, override: OnCallOverride, predicate: str, *, action: str = "oncall.override"
) -> None:
    changes = {
        "starts_at": [None, override.starts_at.isoformat()],
        "ends_at": [None, override.ends_at.isoformat()],
        "user": [None, override.user.username],
    }
    record(actor, action=action, target=override, summary=f"{actor.label} {predicate}", changes=changes)
