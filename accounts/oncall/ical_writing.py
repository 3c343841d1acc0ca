"""Writes calendar events as iCalendar text (RFC 5545). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from accounts.oncall.calendar_sources import CalendarEvent

FORM: Final = 1  # version of the format; incremented when the same events are written differently


def calendar_text(name: str, events: Iterable[CalendarEvent], *, host: str, base_url: str) -> bytes:
    """Return a calendar of these events; times are UTC, or in a zone whose rules the file includes."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for event in events:
        calendar.add_component(event_entry(event, host, base_url))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def event_entry(event: CalendarEvent, host: str, base_url: str) -> Event:
    """Return one event as a calendar component."""
    entry = Event()
    entry.add("uid", f"{event.uid}@{host}")
    entry.add("dtstamp", event.changed_at)
    entry.add("last-modified", event.changed_at)
    at_minute = int(event.changed_at.timestamp()) // 60 % 2_000_000_000
    entry.add("sequence", at_minute if event.sequence is None else event.sequence)
    start, end = _times(event)
    entry.add("dtstart", start)
    entry.add("dtend", end)
    if not event.is_busy:
        entry.add("transp", "TRANSPARENT")
    if event.is_cancelled:
        entry.add("status", "CANCELLED")
    entry.add("summary", event.summary)
    entry.add("description", event.description)
    if event.url:
        entry.add("url", f"{base_url}{event.url}")
    return entry


def _times(event: CalendarEvent) -> tuple[date, date]:
    """Return start and end: dates for a whole day (the end is the next day), else times of the zone."""
    if event.is_all_day:
        day = event.starts_at.date()
        return day, day + timedelta(days=1)
    zone = ZoneInfo(event.zone) if event.zone not in ("", "UTC") else UTC
    return event.starts_at.astimezone(zone), event.ends_at.astimezone(zone)
