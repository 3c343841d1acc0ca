"""Chart geometry: from numbers to positions. Pure.

Both axes run from 0 to 100 and y grows downwards; the drawing is stretched to its box. Counts cannot be
negative: whatever is not a number above 0 is drawn as 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

SIZE: Final = 100.0
MAX_SLOT: Final = 12.0  # so that a single value is a bar, not a wall
FILLED: Final = 0.8  # of a slot; the rest is the gap to the next
MAX_VALUE: Final = 1e15  # beyond, neighbouring floats are indistinguishable
MIN_SEEN: Final = 1.5  # a value above 0 is always visible
HEAT_LEVELS: Final = 4
_STEPS: Final = (1, 2, 5, 10)
_SHORT: Final = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def _cleaned(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(min(v, MAX_VALUE) if v > 0 else 0 for v in values)


@dataclass(frozen=True)
class Series:
    """One row of values. `tone` names its colour in charts.css."""

    name: str
    values: tuple[float, ...]
    tone: str = "accent"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _cleaned(self.values))


@dataclass(frozen=True)
class Chart:
    """Values over the same labels. `unit` is what is counted ("incidents").

    Raises ValueError when a series has not one value for each label.
    """

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""

    def __post_init__(self) -> None:
        for one in self.series:
            if len(one.values) != len(self.labels):
                raise ValueError(f"{one.name} has {len(one.values)} values for {len(self.labels)} labels")

    @cached_property
    def sums(self) -> tuple[float, ...]:
        """Return the sum of all series per label."""
        return tuple(sum(at) for at in zip(*(one.values for one in self.series), strict=True))

    @property
    def is_empty(self) -> bool:
        """Return whether all values are 0."""
        return not any(self.sums)

    @property
    def description(self) -> str:
        """Return the drawing in words, for screen readers."""
        if self.is_empty:
            return f"No {self.unit or 'values'}."
        totals = ", ".join(f"{one.name} {short(sum(one.values))}" for one in self.series)
        most = max(range(len(self.labels)), key=lambda at: self.sums[at])
        return f"In all: {totals}. Most at {self.labels[most]}: {short(self.sums[most])}."


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle: the value of series number `series` at label number `place`."""

    x: float
    y: float
    width: float
    height: float
    series: int
    place: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a heat map: `column` is its week, `row` its day from Monday 0, `level` 0 (none) to 4."""

    day: date
    count: int
    column: int
    row: int
    level: int


def short(value: float) -> str:
    """12 -> `12`, 2.34 -> `2.3`, 9,876 -> `9,876`, 12,345 -> `12.3k`, 4e9 -> `4G`."""
    if value < 10_000:
        return f"{round(value, 1):,.1f}".removesuffix(".0")
    for size, letter in _SHORT:
        if value >= size:
            return f"{value / size:,.1f}".removesuffix(".0") + letter
    return f"{value:,.0f}"


def top_of(values: Iterable[float]) -> float:
    """Return a round number that none of the values exceeds: 1, 2, 5, 10, 20, 50 and so on; at least 1."""
    most = max(values, default=0)
    if most <= 1:
        return 1
    power = 10.0 ** math.floor(math.log10(most))
    return next((step * power for step in _STEPS if step * power >= most), 10 * power)


def _slot(count: int) -> float:
    return min(SIZE / count, MAX_SLOT) if count else SIZE


def _height(value: float, top: float) -> float:
    return max(MIN_SEEN, value / top * SIZE) if value > 0 else 0.0


def bars(chart: Chart) -> list[Bar]:
    """Return the series side by side at each label; values of 0 have no bar."""
    slot, most = _slot(len(chart.labels)), top_of(v for one in chart.series for v in one.values)
    width = slot * FILLED / max(1, len(chart.series))
    made = []
    for number, one in enumerate(chart.series):
        for place, value in enumerate(one.values):
            if height := _height(value, most):
                x = place * slot + slot * (1 - FILLED) / 2 + number * width
                made.append(Bar(x, SIZE - height, width, height, number, place))
    return made


def stacked(chart: Chart) -> list[Bar]:
    """Return the series on top of each other, the first at the bottom; values of 0 have no bar."""
    slot, most = _slot(len(chart.labels)), top_of(chart.sums)
    made = []
    for place in range(len(chart.labels)):
        heights = [_height(one.values[place], most) for one in chart.series]
        # many small values raised to the visible minimum must not exceed the box
        squeeze = min(1.0, SIZE / (sum(heights) or 1))
        y = SIZE
        for number, height in enumerate(h * squeeze for h in heights):
            y -= height
            if height:
                x = place * slot + slot * (1 - FILLED) / 2
                made.append(Bar(x, max(0.0, y), slot * FILLED, height, number, place))
    return made


def spark(values: Sequence[float]) -> list[tuple[float, float]]:
    """Return the points of a line through the values; a single value gives a level line."""
    given = _cleaned(values)
    if len(given) == 1:
        given = given * 2
    top = max(given, default=0) or 1
    step = SIZE / max(1, len(given) - 1)
    return [(at * step, SIZE - value / top * SIZE) for at, value in enumerate(given)]


def heat(days: Sequence[tuple[date, int]]) -> list[Cell]:
    """Return the days as cells in columns of weeks.

    The darkest is the day with most, if that is at least 4.
    """
    if not days:
        return []
    monday = days[0][0] - timedelta(days=days[0][0].weekday())
    most = max(HEAT_LEVELS, *(count for _, count in days))
    return [
        Cell(day, max(0, count), (day - monday).days // 7, day.weekday(), _level(count, most))
        for day, count in days
    ]


def _level(count: int, most: int) -> int:
    return 0 if count <= 0 else math.ceil(count * HEAT_LEVELS / most)
