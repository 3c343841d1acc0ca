"""Computes reminder times of action items. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

AT: Final = time(9)  # local time of the recipient
DAYS: Final = {"before_7": -7, "before_1": -1, "due": 0, "late_1": 1, "late_7": 7}
_SATURDAY: Final = 5


def reminder_times(due: date, zone: str, now: datetime) -> dict[str, datetime]:
    """Future reminders of a due date: kind -> time.

    On weekends, reminders before the due date move to Friday, the others to Monday. Of two on the same day,
    only the one closer to the due date is used.
    """
    days: dict[date, str] = {}
    for kind, offset in DAYS.items():
        days[_working_day(due + timedelta(days=offset), is_before=offset < 0)] = kind
    times = {kind: _at(day, zone) for day, kind in days.items()}
    return {kind: at for kind, at in times.items() if at > now}


def _working_day(day: date, *, is_before: bool) -> date:
    over = day.weekday() - _SATURDAY + 1
    if over <= 0:
        return day
    return day - timedelta(days=over) if is_before else day + timedelta(days=3 - over)


def _at(day: date, zone: str) -> datetime:
    return datetime.combine(day, AT, ZoneInfo(zone)).astimezone(UTC)


def monday_of(now: datetime, zone: str) -> date:
    """The Monday of the week of `now`."""
    day = now.astimezone(ZoneInfo(zone)).date()
    return day - timedelta(days=day.weekday())


def digest_time(week: date, zone: str) -> datetime:
    """When the digest of a week is sent: Monday at nine."""
    return _at(week, zone)
