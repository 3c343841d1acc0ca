"""One measured figure with its bound, and the timing of calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.harness.figures import median, percentile


@dataclass(frozen=True)
class Outcome:
    """A figure in `unit`; it must be at most `must`."""

    what: str
    figure: float
    unit: str
    must: float

    @property
    def passed(self) -> bool:
        """Return whether the bound is met."""
        return self.figure <= self.must

    def __str__(self) -> str:
        verdict = "PASS" if self.passed else "MISS"
        return f"{self.what}: {self.figure:.3g} {self.unit}, must {self.must:g}: {verdict}"


@dataclass(frozen=True)
class Times:
    """Milliseconds of each call."""

    values: list[float]

    @property
    def median(self) -> float:
        """Return the median."""
        return median(self.values)

    @property
    def p95(self) -> float:
        """Return the 95th percentile."""
        return percentile(self.values, 95)


def timed(call: Callable[[int], object], count: int) -> Times:
    """Time that many calls with the number of the call; the first one is a warm-up."""
    call(count)
    values = []
    for number in range(count):
        began = time.perf_counter()
        call(number)
        values.append((time.perf_counter() - began) * 1000)
    return Times(values)
