"""Writes calendar events as iCalendar text (RFC 5545). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from icalendar import Calendar, Event

from accounts.oncall.calendar_sources import CalendarEvent


def calendar_text(name: str, events: Iterable[CalendarEvent], *, host: str, base_url: str) -> bytes:
    """A calendar of these events; all times are UTC instants, so that no client can shift them."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for event in events:
        calendar.add_component(_entry(event, host, base_url))
    return bytes(calendar.to_ical())


def _entry(event: CalendarEvent, host: str, base_url: str) -> Event:
    entry = Event()
    entry.add("uid", f"{event.uid}@{host}")
    entry.add("dtstamp", event.changed_at)
    entry.add("last-modified", event.changed_at)
    entry.add("sequence", int(event.changed_at.timestamp()) // 60 % 2_000_000_000)
    entry.add("dtstart", event.starts_at)
    entry.add("dtend", event.ends_at)
    entry.add("summary", event.summary)
    entry.add("description", event.description)
    if event.url:
        entry.add("url", f"{base_url}{event.url}")
    return entry
