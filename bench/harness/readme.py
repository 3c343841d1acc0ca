"""Rewrites the results table of bench/README.md from the stored outcomes."""

from __future__ import annotations

from typing import Any

from bench.harness.place import README
from bench.harness.report import Verdict, load_results, number, table

BEGIN, END = "<!-- results -->", "<!-- end of results -->"
COLUMNS = ("goal", "measured", "result", "must reach", "aim", "verdict", "date")


def write_results() -> None:
    """Write the newest outcome of every goal between the two marks."""
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{_results(load_results())}\n{END}{after}")


def _results(found: list[dict[str, Any]]) -> str:
    if not found:
        return "\nNot measured yet.\n"
    rows = [_row(one, Verdict(**verdict)) for one in found for verdict in one["verdicts"]]
    facts = found[-1]["facts"]
    words = (
        f"{facts['cores']} cores, {facts['memory']} of memory, {facts['system']}, Python {facts['python']}"
    )
    details = "\n\n".join(_details(one) for one in found)
    return f"\nMeasured on {words}.\n\n{table(COLUMNS, rows)}\n\n{details}\n"


def _row(one: dict[str, Any], verdict: Verdict) -> tuple[str, ...]:
    return (
        str(one["goal"]),
        verdict.label,
        f"{number(verdict.value)}{verdict.unit}",
        verdict.bound(verdict.must),
        verdict.bound(verdict.aim),
        verdict.text(),
        one["facts"]["date"],
    )


def _details(one: dict[str, Any]) -> str:
    note = f"\n\n{one['note']}" if one["note"] else ""
    return f"### Goal {one['goal']}: {one['title']}\n\n{table(one['columns'], one['rows'])}{note}"
