"""Arithmetic of the tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def median(values: Iterable[float]) -> float:
    """Return the middle value; NaN without any."""
    found = list(values)
    return statistics.median(found) if found else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile, `share` of 100; NaN without values."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[min(len(ordered) - 1, max(0, math.ceil(len(ordered) * share / 100) - 1))]


def exponent(costs: tuple[float, float], sizes: tuple[float, float]) -> float:
    """Return the exponent of growth from the first size to the second: 0 constant, 1 linear."""
    return math.log(costs[1] / costs[0]) / math.log(sizes[1] / sizes[0])


def in_turn(repetitions: int, candidates: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Run every candidate once, then all again, so that slowdowns of the machine affect all of them."""
    results: dict[str, list[T]] = {name: [] for name in candidates}
    for _ in range(repetitions):
        for name, measure in candidates.items():
            results[name].append(measure())
    return results
