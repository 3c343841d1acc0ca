"""Expands the events of a checked calendar in a child process with a time limit."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from accounts.oncall.ical_guard import CalendarError
from accounts.oncall.wall_clock import instant

MAX_SECONDS: Final = 20.0
MAX_SHIFTS: Final = 5000
REVERSED: Final = 3  # exit code of `ical_child`
_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence of an event; its attendees or summary name the person."""

    uid: str
    summary: str
    attendees: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


def expand(text: str, *, zone: ZoneInfo, start: datetime, end: datetime) -> list[Occurrence]:
    """Return the occurrences that overlap a time.

    Raises CalendarError: unreadable, slow, too many, reversed.
    """
    days = [(start - timedelta(days=1)).date(), (end + timedelta(days=1)).date()]
    command = [sys.executable, "-m", "accounts.oncall.ical_child", *(day.isoformat() for day in days)]
    try:
        ran = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=MAX_SECONDS, cwd=_ROOT, check=False
        )
    except subprocess.TimeoutExpired:
        message = f"the calendar takes longer than {MAX_SECONDS:.0f} seconds to expand"
        raise CalendarError("too_slow", message) from None
    detail = ran.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["unknown"]
    if ran.returncode == REVERSED:
        raise CalendarError("reversed", detail[0])
    if ran.returncode != 0:
        raise CalendarError("unreadable", f"the calendar cannot be read: {detail[0][:200]}")
    lines = ran.stdout.splitlines()
    if len(lines) > MAX_SHIFTS:
        raise CalendarError("too_many_events", f"the calendar has more than {MAX_SHIFTS:,} shifts")
    found = [_occurrence(json.loads(line), zone) for line in lines]
    return [one for one in found if one is not None and one.starts_at < end and one.ends_at > start]


def _occurrence(event: dict[str, Any], zone: ZoneInfo) -> Occurrence | None:
    if event["status"] == "CANCELLED":
        return None
    starts, ends = _instants(event, zone)
    if ends <= starts:
        return None
    return Occurrence(event["uid"], event["summary"], tuple(event["attendees"]), starts, ends)


def _instants(event: dict[str, Any], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return start and end: all-day events last between local midnights; times without a zone are local."""
    if event["is_all_day"]:
        first, last = date.fromisoformat(event["starts"]), date.fromisoformat(event["ends"])
        last = first + timedelta(days=1) if last == first else last
        return instant(first, time(0), zone), instant(last, time(0), zone)
    starts, ends = datetime.fromisoformat(event["starts"]), datetime.fromisoformat(event["ends"])
    return _local(starts, zone), _local(ends, zone)


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return instant(moment.date(), moment.time(), zone) if moment.tzinfo is None else moment
