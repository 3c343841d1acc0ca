"""Expands a calendar in a process of its own, which can be killed when a calendar takes too long.

Reads the calendar from standard input, writes JSON lines to standard output. Arguments: from, until (dates).
Started by `accounts.oncall.ical_expansion`; needs no Django.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

import icalendar
import recurring_ical_events

MAX_OCCURRENCES: Final = 5000
UNREADABLE: Final = 2
REVERSED: Final = 3


def main(arguments: list[str]) -> int:
    """Return 0, or another code with the reason on standard error."""
    start, end = (date.fromisoformat(text) for text in arguments)
    try:
        calendar = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
        if reversed_event := _reversed(calendar):
            sys.stderr.write(f"{reversed_event[:60]!r} ends before it starts")
            return REVERSED
        found = recurring_ical_events.of(calendar, skip_bad_series=False).between(start, end)
        for event in islice(found, MAX_OCCURRENCES + 1):
            sys.stdout.write(json.dumps(_plain(event)) + "\n")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}"[:300])
        return UNREADABLE
    return 0


def _reversed(calendar: Any) -> str:
    """Return the summary of an event that ends before it starts; empty if there is none."""
    for event in calendar.walk("VEVENT"):
        starts, ends = event.get("DTSTART"), event.get("DTEND")
        if starts is None or ends is None or type(starts.dt) is not type(ends.dt):
            continue
        if isinstance(starts.dt, datetime) and (starts.dt.tzinfo is None) != (ends.dt.tzinfo is None):
            continue
        if ends.dt < starts.dt:
            return str(event.get("SUMMARY", "")) or "an event"
    return ""


def _plain(event: Any) -> dict[str, Any]:
    starts = event["DTSTART"].dt
    ends = event["DTEND"].dt if "DTEND" in event else starts
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    return {
        "uid": str(event.get("UID", ""))[:120],
        "summary": str(event.get("SUMMARY", ""))[:300],
        "attendees": [str(one)[:300] for one in attendees[:20]],
        "starts": starts.isoformat(),
        "ends": ends.isoformat(),
        "is_all_day": isinstance(starts, date) and not isinstance(starts, datetime),
        "status": str(event.get("STATUS", "")).upper()[:20],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
