"""One measured figure with what it must be, and how times are taken."""

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
        """Whether the bound is reached."""
        return self.figure <= self.must

    def __str__(self) -> str:
        said = "PASS" if self.passed else "MISS"
        return f"{self.what}: {self.figure:.3g} {self.unit}, must {self.must:g}: {said}"


@dataclass(frozen=True)
class Times:
    """Milliseconds of each call."""

    values: list[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    @property
    def p95(self) -> float:
        """95 of 100 are at most this."""
        return percentile(self.values, 0.95)


def timed(call: Callable[[int], object], count: int) -> Times:
    """Call it so often, with the number of the call; the first, which prepares, is not counted."""
    call(count)
    values = []
    for number in range(count):
        began = time.perf_counter()
        call(number)
        values.append((time.perf_counter() - began) * 1000)
    return Times(values)
