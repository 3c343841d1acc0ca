"""Turns of a rotation by the wall clock of its schedule. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from accounts.oncall.wall_clock import instant, local_date

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """One person on call from `starts_at` until before `ends_at`; `uid` names the turn it is part of."""

    user_id: int
    starts_at: datetime
    ends_at: datetime
    uid: str


@dataclass(frozen=True, slots=True)
class Rotation:
    """A layer of a schedule as `OnCallRotation` stores it; weekly turns have a multiple of 7 days."""

    layer: int
    participants: tuple[int, ...]
    length_days: int
    anchor: date
    handoff_time: time
    starts_on: date
    ends_on: date | None = None
    active_from: time | None = None
    active_to: time | None = None
    active_weekdays: frozenset[int] = frozenset()

    @property
    def is_always_active(self) -> bool:
        """Return whether it covers all hours of all days."""
        return self.active_from is None and not self.active_weekdays


def weekly_anchor(starts_on: date, handoff_weekday: int) -> date:
    """Return the last hand-off day on or before the start, from which turns are counted."""
    return starts_on - timedelta(days=(starts_on.weekday() - handoff_weekday) % 7)


def spans_of(rotation: Rotation, zone: ZoneInfo, start: datetime, end: datetime) -> list[Span]:
    """Return the turns of a rotation between two instants, cut to its active hours and to those instants."""
    if not rotation.participants or end <= start:
        return []
    found: list[Span] = []
    for turn in _turns(rotation, zone, start, end):
        parts = [turn] if rotation.is_always_active else _active_parts(rotation, zone, turn)
        found += [cut for part in parts if (cut := clipped(part, start, end))]
    return found


def clipped(span: Span, start: datetime, end: datetime) -> Span | None:
    """Return the part of a span inside [start, end), or None."""
    starts, ends = max(span.starts_at, start), min(span.ends_at, end)
    return Span(span.user_id, starts, ends, span.uid) if starts < ends else None


def _turns(rotation: Rotation, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Span]:
    first = instant(rotation.starts_on, rotation.handoff_time, zone)
    last = instant(rotation.ends_on, rotation.handoff_time, zone) if rotation.ends_on else end
    since, until = max(start, first), min(end, last)
    days = (local_date(since, zone) - rotation.anchor).days
    number = max(0, days // rotation.length_days - 1)
    while True:
        day = rotation.anchor + timedelta(days=number * rotation.length_days)
        starts = instant(day, rotation.handoff_time, zone)
        if starts >= until:
            return
        ends = instant(day + timedelta(days=rotation.length_days), rotation.handoff_time, zone)
        person = rotation.participants[number % len(rotation.participants)]
        turn = Span(person, starts, ends, f"layer-{rotation.layer}-{day:%Y%m%d}")
        if cut := clipped(turn, first, last if rotation.ends_on else ends):
            yield cut
        number += 1


def _active_parts(rotation: Rotation, zone: ZoneInfo, turn: Span) -> Iterator[Span]:
    """Cut a turn to the active hours; a window past midnight belongs to the day it begins."""
    opens, closes = rotation.active_from or time(0), rotation.active_to or time(0)
    day = local_date(turn.starts_at, zone) - DAY
    while (starts := instant(day, opens, zone)) < turn.ends_at:
        ends = instant(day + DAY if closes <= opens else day, closes, zone)
        if not rotation.active_weekdays or day.weekday() in rotation.active_weekdays:
            window = Span(turn.user_id, starts, ends, f"{turn.uid}-{day:%m%d}")
            if cut := clipped(window, turn.starts_at, turn.ends_at):
                yield cut
        day += DAY
