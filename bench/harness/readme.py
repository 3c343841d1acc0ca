"""Rewrites the results table of bench/README.md from the stored outcomes."""

from __future__ import annotations

import re
from typing import Any

from bench.harness.place import README
from bench.harness.report import Verdict, load_results, number, table

BEGIN, END = "<!-- results -->", "<!-- end of results -->"
COLUMNS = ("goal", "measured", "result", "must reach", "aim", "verdict", "date")


def write_results() -> None:
    """Write the newest outcome of every goal between the two marks. Goals without one here keep theirs."""
    before, _, rest = README.read_text().partition(BEGIN)
    written, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{_results(load_results(), written)}\n{END}{after}")


def _results(found: list[dict[str, Any]], written: str) -> str:
    if not found:
        return f"\n{written.strip()}\n"
    rows, details = _written(written)
    for one in found:
        goal = int(one["goal"])
        lines = table(COLUMNS, [_row(one, Verdict(**verdict)) for verdict in one["verdicts"]]).splitlines()
        rows[goal], details[goal] = lines[2:], _details(one)
    facts = found[-1]["facts"]
    words = (
        f"{facts['cores']} cores, {facts['memory']} of memory, {facts['system']}, Python {facts['python']}"
    )
    head = table(COLUMNS, [])
    lines = [line for goal in sorted(rows) for line in rows[goal]]
    sections = "\n\n".join(details[goal] for goal in sorted(details))
    return f"\nMeasured on {words}.\n\n{chr(10).join([head, *lines])}\n\n{sections}\n"


def _written(text: str) -> tuple[dict[int, list[str]], dict[int, str]]:
    """Return the rows of the table and the sections of an earlier text, by goal."""
    summary, *sections = text.split("\n### Goal ")
    rows: dict[int, list[str]] = {}
    for line in summary.splitlines():
        if found := re.match(r"\| (\d+) \|", line):
            rows.setdefault(int(found[1]), []).append(line)
    return rows, {int(one.partition(":")[0]): f"### Goal {one.strip()}" for one in sections}


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
