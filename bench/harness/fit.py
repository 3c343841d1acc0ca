"""Fits growth of a cost with a size: the simplest of three curves that fits, with its error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

CURVES: Final[dict[str, Callable[[float], float]]] = {
    "constant": lambda n: 0.0,
    "a + b·log₂ n": math.log2,
    "a + b·n": lambda n: n,
}
# A curve with one more parameter must be this much closer; otherwise the simpler one is used.
BETTER: Final = 0.5


@dataclass(frozen=True, slots=True)
class Fit:
    """`at(n)` = a + b·curve(n). residual: the largest deviation of a measured cost, as a share of it."""

    curve: str
    a: float
    b: float
    residual: float

    def at(self, size: float) -> float:
        """Return the cost at a size, measured or not."""
        return self.a + self.b * CURVES[self.curve](size)

    def described(self, unit: str) -> str:
        """Return a description with numbers."""
        if self.curve == "constant":
            return f"{self.a:.3g} {unit}"
        return self.curve.replace("a", f"{self.a:.3g}", 1).replace("b", f"{self.b:.3g}", 1) + f" {unit}"


def fit(sizes: Sequence[float], costs: Sequence[float]) -> Fit:
    """Fit by least squares of relative deviations, excluding decreasing curves."""
    found = [_fitted(name, sizes, costs) for name in CURVES]
    best = found[0]
    for one in found[1:]:
        if one.b > 0 and one.residual < best.residual * BETTER:
            best = one
    return best


def _fitted(name: str, sizes: Sequence[float], costs: Sequence[float]) -> Fit:
    xs = [CURVES[name](size) for size in sizes]
    weights = [1 / cost**2 for cost in costs]
    total = sum(weights)
    x_mean = sum(w * x for w, x in zip(weights, xs, strict=True)) / total
    y_mean = sum(w * y for w, y in zip(weights, costs, strict=True)) / total
    spread = sum(w * (x - x_mean) ** 2 for w, x in zip(weights, xs, strict=True))
    joint = sum(w * (x - x_mean) * (y - y_mean) for w, x, y in zip(weights, xs, costs, strict=True))
    b = joint / spread if spread else 0.0
    a = y_mean - b * x_mean
    residual = max(abs(a + b * x - y) / y for x, y in zip(xs, costs, strict=True))
    return Fit(name, a, b, residual)
