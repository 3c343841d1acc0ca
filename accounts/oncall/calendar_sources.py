"""Registry of calendar feed sources; each app adds its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.registry import Registry


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One entry of a calendar. `uid` is stable across changes; times are instants.

    is_all_day: it covers the day of `starts_at`. zone: a name such as "Europe/Berlin", in which its time is
    written; UTC otherwise. sequence: grows with each change if `changed_at` is not enough.
    """

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    changed_at: datetime
    url: str = ""
    is_all_day: bool = False
    is_busy: bool = True
    is_cancelled: bool = False
    zone: str = ""
    sequence: int | None = None


# (workspace, person or None for everybody's, from, until) -> events
ReadEvents = Callable[[int, int | None, datetime, datetime], Iterable[CalendarEvent]]


@dataclass(frozen=True, slots=True)
class CalendarSource:
    """A kind of event. `name` is stored in `CalendarFeed.kinds`; `title` is shown to people."""

    name: str
    title: str
    read: ReadEvents


CALENDAR_SOURCES: Final[Registry[CalendarSource]] = Registry("calendar source")


def calendar_source(name: str, *, title: str) -> Callable[[ReadEvents], ReadEvents]:
    """Decorator: register a function as a source of calendar events, in an app's `calendars.py`."""

    def add(read: ReadEvents) -> ReadEvents:
        CALENDAR_SOURCES.add(name, CalendarSource(name, title, read))
        return read

    return add
