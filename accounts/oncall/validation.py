"""Validates input for schedules, rotations and overrides. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from accounts.oncall.models import MAX_SHIFT_LENGTH, OnCallSchedule
from accounts.validation import invalid
from core.errors import Conflict

MAX_PARTICIPANTS: Final = 100
MAX_LAYERS: Final = 10
MAX_LENGTH: Final = {"day": 28, "week": 4}
MAX_OVERRIDE_AHEAD: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class RotationValues:
    """A rotation as entered: user names in order, local times, dates."""

    participants: Sequence[str]
    handoff_time: time
    starts_on: date
    unit: str = "week"
    length: int = 1
    handoff_weekday: int = 0
    active_from: time | None = None
    active_to: time | None = None
    active_weekdays: Sequence[int] = ()
    ends_on: date | None = None


def check_rotation(values: RotationValues, known: Collection[str]) -> None:
    """Raise Invalid naming the first field that breaks a rule. `known`: the user names of active members."""
    if not 1 <= len(values.participants) <= MAX_PARTICIPANTS:
        raise invalid("participants", "length", f"must be 1 to {MAX_PARTICIPANTS} user names")
    if missing := [name for name in values.participants if name not in known]:
        raise invalid(
            "participants", "member", f"must be active members of this workspace; {missing[0]} is not"
        )
    if values.unit not in MAX_LENGTH:
        raise invalid("unit", "choice", "must be day or week")
    if not 1 <= values.length <= MAX_LENGTH[values.unit]:
        most = MAX_LENGTH[values.unit]
        raise invalid("length", "range", f"must be 1 to {most} {values.unit}s a turn")
    _check_days(values)
    if values.ends_on is not None and values.ends_on <= values.starts_on:
        raise invalid("ends_on", "order", "must be after the first day")


def _check_days(values: RotationValues) -> None:
    if not 0 <= values.handoff_weekday <= 6:
        raise invalid("handoff_weekday", "range", "must be 0 (Monday) to 6 (Sunday)")
    if any(not 0 <= day <= 6 for day in values.active_weekdays):
        raise invalid("active_weekdays", "range", "must be days from 0 (Monday) to 6 (Sunday)")
    if (values.active_from is None) != (values.active_to is None):
        missing = "active_from" if values.active_from is None else "active_to"
        raise invalid(missing, "required", "must be given together with the other end of the active hours")


def check_override(starts_at: datetime, ends_at: datetime, *, now: datetime) -> None:
    """Raise Invalid unless the time is in order, not in the past, at most 31 days and within a year."""
    if ends_at <= starts_at:
        raise invalid("ends_at", "order", "must be after the start")
    if ends_at - starts_at > MAX_SHIFT_LENGTH:
        raise invalid("ends_at", "range", f"must be at most {MAX_SHIFT_LENGTH.days} days after the start")
    if ends_at <= now:
        raise invalid("ends_at", "future", "must be in the future: past shifts are never rewritten")
    if starts_at > now + MAX_OVERRIDE_AHEAD:
        raise invalid("starts_at", "range", "must be within a year from now")


def refuse_imported(schedule: OnCallSchedule) -> None:
    """Raise Conflict for a schedule whose shifts come from a calendar."""
    if schedule.source != OnCallSchedule.Source.MANUAL:
        raise Conflict(
            f"{schedule.name} is imported from a calendar. Change the calendar, or stop the import first."
        )
