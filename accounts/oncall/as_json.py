"""Schedules, shifts and feeds as the API returns them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from accounts.actor import Actor
from accounts.models import CalendarFeed, OnCallOverride, OnCallRotation, OnCallSchedule, OnCallShift, User
from accounts.oncall.selectors import ScheduleView, overrides_of
from accounts.selectors import workspace_of


def schedule_json(actor: Actor, schedule: OnCallSchedule) -> dict[str, Any]:
    """Return the fields of `ScheduleOut`."""
    return _schedule(schedule, workspace_of(actor).default_schedule_id == schedule.pk)


def view_json(view: ScheduleView) -> dict[str, Any]:
    """Return the fields of `ScheduleNowOut`."""
    return _schedule(view.schedule, view.is_default) | {
        "now": [shift_json(shift) for shift in view.now],
        "next": shift_json(view.next) if view.next else None,
        "gaps": [{"starts_at": starts, "ends_at": ends} for starts, ends in view.gaps],
    }


def detail_json(actor: Actor, schedule: OnCallSchedule, *, now: datetime) -> dict[str, Any]:
    """Return the fields of `ScheduleDetailOut`."""
    rotations = list(schedule.rotations.order_by("layer"))
    names = usernames(actor, [pk for one in rotations for pk in one.participants])
    return schedule_json(actor, schedule) | {
        "rotations": [rotation_json(one, names) for one in rotations],
        "overrides": [override_json(one) for one in overrides_of(actor, schedule.pk, now=now)],
    }


def rotation_json(rotation: OnCallRotation, names: Mapping[int, str]) -> dict[str, Any]:
    """Return the fields of `RotationOut`."""
    shown = ("layer", "unit", "length", "handoff_weekday", "handoff_time", "active_from", "active_to",
             "active_weekdays", "starts_on", "ends_on")  # fmt: skip
    people = [names[pk] for pk in rotation.participants if pk in names]
    return {name: getattr(rotation, name) for name in shown} | {"participants": people}


def override_json(override: OnCallOverride) -> dict[str, Any]:
    """Return the fields of `OverrideOut`."""
    shown = {name: getattr(override, name) for name in ("starts_at", "ends_at", "reason")}
    return shown | {"id": override.pk, "username": override.user.username, "swap_of": override.swap_of_id}


def shift_json(shift: OnCallShift) -> dict[str, Any]:
    """Return the fields of `ShiftOut`."""
    return {
        "id": shift.pk,
        "schedule_id": shift.schedule_id,
        "schedule": shift.schedule.name,
        "username": shift.user.username,
        "starts_at": shift.starts_at,
        "ends_at": shift.ends_at,
    }


def feed_json(feed: CalendarFeed) -> dict[str, Any]:
    """Return the fields of `FeedOut`."""
    shown = ("name", "prefix", "kinds", "created_at", "last_read_at", "last_agent")
    return {name: getattr(feed, name) for name in shown} | {"id": feed.pk, "everybody": feed.user_id is None}


def usernames(actor: Actor, ids: Iterable[int]) -> dict[int, str]:
    """Return user names by id, of members of the actor's workspace only."""
    people = User.objects.filter(pk__in=set(ids), memberships__workspace_id=actor.workspace_id)
    return dict(people.values_list("pk", "username"))


def _schedule(schedule: OnCallSchedule, is_default: bool) -> dict[str, Any]:
    shown = ("name", "time_zone", "source", "version", "fetched_at", "failing_since", "problem", "unmatched")
    return {name: getattr(schedule, name) for name in shown} | {"id": schedule.pk, "is_default": is_default}
