"""Cheap checks of an iCalendar text before any library parses it. Pure.

Calendar libraries hang on rules such as FREQ=SECONDLY and take seconds for thousands of events. Calendars
that are too large, too deep or have unsupported recurrence rules are refused here in milliseconds.
"""

from __future__ import annotations

import re
from typing import Final

from accounts.oncall.recurrence import RecurrenceError, check_rule

MAX_BYTES: Final = 512 * 1024
MAX_EVENTS: Final = 2000
MAX_DEPTH: Final = 5
MAX_EXTRA_DATES: Final = 400
_FOLD: Final = re.compile(r"\r?\n[ \t]")


class CalendarError(ValueError):
    """A calendar that is not imported. `reason` is a code, the message a sentence for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_calendar(data: bytes) -> str:
    """Return the text of an acceptable calendar. Raises CalendarError."""
    if len(data) > MAX_BYTES:
        raise CalendarError("too_large", f"the calendar is larger than {MAX_BYTES // 1024} kB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CalendarError("not_a_calendar", "not an iCalendar file: it is not UTF-8") from None
    if "\x00" in text or not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise CalendarError("not_a_calendar", "not an iCalendar file: it has no BEGIN:VCALENDAR")
    _check_lines(_FOLD.sub("", text).splitlines())
    return text


def _check_lines(lines: list[str]) -> None:
    depth = events = extra = 0
    for line in lines:
        name, _, value = line.partition(":")
        word = name.partition(";")[0].strip().upper()
        if word == "BEGIN":
            depth += 1
            events += value.strip().upper() == "VEVENT"
        elif word == "END":
            depth -= 1
        elif word in {"RDATE", "EXDATE"}:
            extra += value.count(",") + 1
        else:
            _check_recurrence(word, value)
        if depth > MAX_DEPTH:
            raise CalendarError("too_deep", f"the calendar nests more than {MAX_DEPTH} components")
    _check_counts(events, extra)


def _check_recurrence(word: str, value: str) -> None:
    if word == "EXRULE":
        raise CalendarError("rule", "the calendar has an EXRULE, which is not accepted")
    if word == "RRULE":
        try:
            check_rule(value)
        except RecurrenceError as error:
            raise CalendarError("rule", str(error)) from None


def _check_counts(events: int, extra: int) -> None:
    if events == 0:
        raise CalendarError("no_events", "the calendar has no events")
    if events > MAX_EVENTS:
        raise CalendarError("too_many_events", f"the calendar has more than {MAX_EVENTS:,} events")
    if extra > MAX_EXTRA_DATES * 5:
        raise CalendarError("too_many_dates", "the calendar has too many RDATE and EXDATE values")
