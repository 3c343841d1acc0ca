"""Converts local times of day to instants across daylight saving changes. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which clocks in `zone` show that time on that day.

    A time that the clocks skip moves forward by the gap (02:30 becomes 03:30); of a repeated time the first
    is used.
    """
    local = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    # With fold=0 Python applies the offset before the change to a skipped time, which moves it forward.
    return local.astimezone(UTC)


def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """Return the local date in `zone` at that instant."""
    return moment.astimezone(zone).date()
