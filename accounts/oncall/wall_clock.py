"""Local times of day as exact instants, over daylight saving changes. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant at which clocks in `zone` show that time on that day.

    A time that the clocks skip moves forward by the gap (02:30 becomes 03:30); of a time they show twice,
    the first is meant.
    """
    local = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    # With fold=0 Python reads a skipped time with the offset before the change, which is that move forward.
    return local.astimezone(UTC)


def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """The date that calendars in `zone` show at that instant."""
    return moment.astimezone(zone).date()
