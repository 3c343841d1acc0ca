"""Geometry of a chart of two lines with a band between them, such as median and 90th percentile. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from core.ui.charts import SIZE

Point = tuple[float, float]


@dataclass(frozen=True)
class Band:
    """A lower and an upper line over the same labels; `top` describes the range in words.

    Raises ValueError when a line has not one value for each label.
    """

    title: str
    labels: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    low_name: str
    high_name: str
    top: str
    description: str

    def __post_init__(self) -> None:
        if not len(self.labels) == len(self.low) == len(self.high):
            raise ValueError("each line needs one value for each label")


def lines(band: Band) -> tuple[list[Point], list[Point]]:
    """Return the points of the lower and of the upper line, y growing downwards.

    One value is a level line.
    """
    top = max((*band.high, *band.low), default=0) or 1
    return _points(band.low, top), _points(band.high, top)


def _points(values: tuple[float, ...], top: float) -> list[Point]:
    given = values * 2 if len(values) == 1 else values
    step = SIZE / max(1, len(given) - 1)
    return [(at * step, SIZE - max(0.0, value) / top * SIZE) for at, value in enumerate(given)]
