"""Output of a benchmark: a table, and a verdict on each bound of its goal."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.harness.place import scratch

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Verdict:
    """One measured number against its required bound and its target (None: no target).

    `unit` follows the number; `more_is_better` is the direction of the bound.
    """

    label: str
    value: float
    must: float
    aim: float | None = None
    unit: str = ""
    more_is_better: bool = True

    @property
    def passed(self) -> bool:
        return self._meets(self.must)

    def text(self) -> str:
        """Return PASS, PASS with the target, or MISS and by how much."""
        if not self.passed:
            return f"MISS by {self._gap()}"
        return "PASS, aim reached" if self.aim is not None and self._meets(self.aim) else "PASS"

    def bound(self, value: float | None) -> str:
        """Format a bound, such as `>= 25x`."""
        return "" if value is None else f"{'≥' if self.more_is_better else '≤'} {number(value)}{self.unit}"

    def _meets(self, bound: float) -> bool:
        return self.value >= bound if self.more_is_better else self.value <= bound

    def _gap(self) -> str:
        if math.isnan(self.value):
            return "not being measured"
        if self.must == 0:
            return f"{number(self.value)}{self.unit}"
        return f"{abs(self.value / self.must - 1):.0%}"


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one goal: a table and verdicts."""

    goal: int
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    verdicts: Sequence[Verdict]
    note: str = ""

    @property
    def passed(self) -> bool:
        return all(verdict.passed for verdict in self.verdicts)

    def print(self) -> None:
        """Print the table and the verdicts."""
        print(f"\nGoal {self.goal}: {self.title}")
        print(table(self.columns, self.rows))
        for verdict in self.verdicts:
            aim = f", aim {verdict.bound(verdict.aim)}" if verdict.aim is not None else ""
            figure = f"{number(verdict.value)}{verdict.unit} (must {verdict.bound(verdict.must)}{aim})"
            print(f"{verdict.label}: {figure}: {verdict.text()}")
        if self.note:
            print(self.note)

    def save(self, facts: dict[str, str]) -> None:
        """Store the outcome for the results table."""
        path = scratch("results") / f"{self.goal:02}.json"
        path.write_text(json.dumps({**asdict(self), "facts": facts}, indent=1))


def load_results() -> list[dict[str, Any]]:
    """Return all stored outcomes, by goal."""
    return [json.loads(path.read_text()) for path in sorted(scratch("results").glob("*.json"))]


def number(value: Cell) -> str:
    """Format three significant digits, or a whole number with separators from 1,000 on."""
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "–"
    if abs(value) >= 1_000 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *[[number(cell) for cell in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
