"""Computes daily bars and uptime of a component for the last 90 days. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from status.snapshots.view import Day
from status.vocabulary import ComponentState, worst

DAYS: Final = 90
Span = tuple[str, datetime, datetime | None]  # state, from, to
_DOWN: Final = {ComponentState.MAJOR.value, ComponentState.PARTIAL.value}


def day_bars(spans: Sequence[Span], zone: ZoneInfo, now: datetime, days: int = DAYS) -> tuple[Day, ...]:
    """The worst state of each local day, oldest first; None if unknown."""
    today = now.astimezone(zone).date()
    bars = []
    for back in range(days - 1, -1, -1):
        day = today - timedelta(days=back)
        begins = datetime.combine(day, time(), zone)
        ends = datetime.combine(day + timedelta(days=1), time(), zone)
        states = [state for state, start, end in spans if start < ends and (end or now) > begins]
        bars.append(Day(day, worst(states) if states else None))
    return tuple(bars)


def uptime(spans: Sequence[Span], now: datetime, days: int = DAYS) -> float | None:
    """Percentage of the known time without an outage; None if nothing is known."""
    since = now - timedelta(days=days)
    known = down = 0.0
    for state, start, end in spans:
        length = ((end or now) - max(start, since)).total_seconds()
        if length > 0:
            known += length
            down += length if state in _DOWN else 0.0
    return None if known <= 0 else 100.0 * (1 - down / known)
