"""Recurrence rules of maintenance windows (a subset of RFC 5545), expanded in local time. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MAX_RULE_LENGTH: Final = 200
MAX_INTERVAL: Final = 99
MAX_OCCURRENCES: Final = 400
MAX_YEARS: Final = 5
MAX_YEARS_OF_COUNT: Final = 100  # from the start: how far a rule with COUNT is expanded
CLOCK_CHANGE: Final = timedelta(days=1)  # more than a clock ever changes
_LIST_RANGES: Final = {"BYMONTHDAY": 31, "BYMONTH": 12, "BYSETPOS": 366}
_DAY: Final = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,3}")
_UNTIL: Final = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """An occurrence in UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A validated rule: the part for dateutil, and the limits applied separately. count None: no limit."""

    text: str = ""
    count: int | None = None
    until: datetime | None = None
    frequency: str = ""
    interval: int = 1


def parse_rule(text: str) -> Recurrence:
    """Parse a rule such as `FREQ=WEEKLY;BYDAY=SU`; empty: once. Raises ValueError naming the part."""
    clean = text.strip().upper().removeprefix("RRULE:")
    if not clean:
        return Recurrence(count=1)
    if len(clean) > MAX_RULE_LENGTH:
        raise ValueError(f"must have at most {MAX_RULE_LENGTH} characters")
    parts = _parts(clean)
    if (frequency := parts.pop("FREQ", "")) not in FREQUENCIES:
        raise ValueError(f"FREQ must be one of {', '.join(FREQUENCIES)}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("takes COUNT or UNTIL, not both")
    for name, value in parts.items():
        _check(name, value)
    until = _until(parts["UNTIL"]) if "UNTIL" in parts else None
    remaining = [part for part in clean.split(";") if part.partition("=")[0] not in {"COUNT", "UNTIL"}]
    count = int(parts["COUNT"]) if "COUNT" in parts else None
    return Recurrence(";".join(remaining), count, until, frequency, int(parts.get("INTERVAL", 1)))


def _parts(clean: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in clean.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in found:
            raise ValueError(f"“{part[:40]}” is not NAME=value, or is repeated")
        found[name] = value
    return found


def _check(name: str, value: str) -> None:
    if name in {"INTERVAL", "COUNT"}:
        highest = MAX_INTERVAL if name == "INTERVAL" else MAX_OCCURRENCES
        if not (value.isascii() and value.isdecimal() and 1 <= int(value[:9]) <= highest):
            raise ValueError(f"{name} must be 1 to {highest}")
    elif name == "BYDAY":
        if not all(_DAY.fullmatch(word) for word in value.split(",")):
            raise ValueError("BYDAY must be days such as MO,TH or 1SU or -1FR")
    elif name in _LIST_RANGES:
        highest = _LIST_RANGES[name]
        words = value.split(",")
        if not all(_NUMBER.fullmatch(word) and 1 <= abs(int(word)) <= highest for word in words):
            raise ValueError(f"{name} must be numbers of 1 to {highest}")
    elif name == "UNTIL":
        if not _UNTIL.fullmatch(value):
            raise ValueError("UNTIL must be a date such as 20271231")
    else:
        raise ValueError(f"{name[:20]} is not supported")


def _until(value: str) -> datetime:
    """The last local moment; a date without time includes the whole day."""
    try:
        found = datetime.fromisoformat(value.rstrip("Z"))
    except ValueError as error:
        raise ValueError("UNTIL must be a date such as 20271231") from error
    return found if "T" in value else found + timedelta(days=1, seconds=-1)


def local_starts(start: datetime, rule: Recurrence, first: datetime, last: datetime) -> Iterator[datetime]:
    """Naive local starts until `last`, in order; of those before `first` some may be left out."""
    if not rule.text:
        yield start
        return
    last = min(last, rule.until) if rule.until else last
    if rule.count is None:
        start = _advanced(start, rule, first)
    else:
        last = min(last, start + timedelta(days=366 * MAX_YEARS_OF_COUNT))
    if start > last:
        return
    # dateutil seeks an occurrence until the year 9999, for seconds. Dates and weekdays repeat in 400 years.
    years = max(0, (9998 - last.year) // 400 * 400)
    start, last = start.replace(year=start.year + years), last.replace(year=last.year + years)
    try:
        expanded: Iterable[datetime] = rrulestr(
            f"{rule.text};UNTIL={last:%Y%m%dT%H%M%S}", dtstart=start, cache=False
        )
    except (ValueError, OverflowError) as error:
        raise ValueError("is not a valid combination") from error
    for one in islice(expanded, rule.count):
        yield one.replace(year=one.year - years)


def _advanced(start: datetime, rule: Recurrence, first: datetime) -> datetime:
    """A start before `first` with the same later occurrences, so that long ago costs no more than recently.

    Whole intervals are skipped: of days or weeks, or of four years, after which month, day and 29 February
    are the same.
    """
    if rule.frequency in ("DAILY", "WEEKLY"):
        period = timedelta(days=rule.interval * (7 if rule.frequency == "WEEKLY" else 1))
        return start + max(0, (first - start) // period - 1) * period
    years = 4 * rule.interval
    skipped = max(0, (first.year - 1 - start.year) // years) * years
    try:
        return start.replace(year=start.year + skipped)
    except ValueError:  # 29 February of a year such as 2100
        return start


def span_of(local_start: datetime, duration: timedelta, zone: ZoneInfo) -> Span:
    """The UTC span of an occurrence given in wall-clock time.

    A start inside the gap of a clock change moves forward by the gap; of an ambiguous one the first is used.
    The end is wall-clock time too, so a window over a change is an hour shorter or longer.
    """
    start = local_start.replace(tzinfo=zone, fold=0).astimezone(UTC)
    end = (local_start + duration).replace(tzinfo=zone, fold=0).astimezone(UTC)
    return Span(start, end if end > start else start + duration)


def occurrences(
    start: datetime,
    duration: timedelta,
    zone: ZoneInfo,
    rule: Recurrence,
    *,
    since: datetime,
    until: datetime,
) -> Iterator[Span]:
    """Occurrences that end after `since` and begin before `until`, in order."""
    first = since.astimezone(zone).replace(tzinfo=None) - duration - CLOCK_CHANGE
    last = until.astimezone(zone).replace(tzinfo=None) + CLOCK_CHANGE
    for local in local_starts(start, rule, first, last):
        span = span_of(local, duration, zone)
        if span.starts_at >= until:
            break
        if span.ends_at > since:
            yield span
