"""Converts stored rotations to values of `accounts.oncall.turns`."""

from __future__ import annotations

from accounts.models import OnCallRotation
from accounts.oncall.turns import Rotation, weekly_anchor


def rotation_of(row: OnCallRotation) -> Rotation:
    """Return a stored rotation as a value."""
    is_weekly = row.unit == OnCallRotation.Unit.WEEK
    anchor = weekly_anchor(row.starts_on, row.handoff_weekday) if is_weekly else row.starts_on
    return Rotation(
        layer=row.layer,
        participants=tuple(row.participants),
        length_days=row.length * (7 if is_weekly else 1),
        anchor=anchor,
        handoff_time=row.handoff_time,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        active_from=row.active_from,
        active_to=row.active_to,
        active_weekdays=frozenset(row.active_weekdays),
    )
