"""Groups shifts by local day for the calendar on a page. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accounts.oncall.layers import Gap
from accounts.oncall.wall_clock import instant


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a shift or gap on one day; `label` is "" for a gap."""

    label: str
    starts_at: datetime
    ends_at: datetime
    is_mine: bool = False


@dataclass(slots=True)
class Day:
    """A local day with its parts, by time."""

    day: date
    parts: list[Part] = field(default_factory=list)


def days_of(
    parts: Iterable[Part], gaps: Sequence[Gap], *, zone: ZoneInfo, first: date, count: int
) -> list[Day]:
    """Return `count` days from `first` on, each with its parts of shifts and gaps, cut at midnight."""
    every = [*parts, *(Part("", starts, ends) for starts, ends in gaps)]
    days = []
    for number in range(count):
        day = first + timedelta(days=number)
        opens, closes = instant(day, time(0), zone), instant(day + timedelta(days=1), time(0), zone)
        cut = [
            Part(one.label, max(one.starts_at, opens), min(one.ends_at, closes), one.is_mine)
            for one in every
            if one.starts_at < closes and one.ends_at > opens
        ]
        days.append(Day(day, sorted(cut, key=lambda part: part.starts_at)))
    return days
