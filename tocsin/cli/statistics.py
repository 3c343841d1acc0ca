"""Counts and times over a list of incidents. Pure."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.cli.words import SEVERITY_WORDS, severity_word


def statistics_of(incidents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What `tocsin incidents stats` shows; times in seconds, null where nothing was measured."""
    active = [i for i in incidents if i["status"] not in {"resolved", "closed"}]
    return {
        "total_incidents": len(incidents),
        "active_incidents": len(active),
        "resolved_incidents": len(incidents) - len(active),
        "by_severity": dict(Counter(severity_word(i["severity"]) for i in incidents)),
        "by_type": dict(Counter(str(i["incident_type"]) for i in incidents).most_common()),
        "mttd": _times([i["mttd"] for i in incidents]),
        "mttr": _times([i["mttr"] for i in incidents]),
    }


def _times(values: Sequence[float | None]) -> dict[str, float | int | None]:
    known = sorted(value for value in values if value is not None)
    if not known:
        return {"mean": None, "median": None, "p90": None, "n": 0}
    p90 = statistics.quantiles(known, n=10, method="inclusive")[-1] if len(known) > 1 else known[0]
    return {
        "mean": statistics.fmean(known),
        "median": statistics.median(known),
        "p90": p90,
        "n": len(known),
    }


def statistics_rows(
    counted: Mapping[str, Any], *, by_type: bool, by_severity: bool
) -> tuple[list[list[str]], list[int]]:
    """Rows of the table, and the rows behind which a line is drawn. Without a choice both parts are shown."""
    rows = [
        ["Total Incidents", _right(counted["total_incidents"])],
        ["Active Incidents", _right(counted["active_incidents"])],
        ["Resolved Incidents", _right(counted["resolved_incidents"])],
    ]
    breaks = [len(rows) - 1]
    if by_severity or not by_type:
        order = list(dict.fromkeys(SEVERITY_WORDS.values()))
        counts = counted["by_severity"]
        rows += [["By Severity:", ""], *([f"  {word}", _right(counts.get(word, 0))] for word in order)]
        breaks.append(len(rows) - 1)
    if by_type or not by_severity:
        rows += [["By Type:", ""], *([f"  {name}", _right(n)] for name, n in counted["by_type"].items())]
        breaks.append(len(rows) - 1)
    for name in ("mttd", "mttr"):
        times = counted[name]
        rows += [
            [f"Avg {name.upper()}", _minutes(times["mean"])],
            [f"Median {name.upper()}", _minutes(times["median"])],
            [f"P90 {name.upper()} (n={times['n']})", _minutes(times["p90"])],
        ]
    return rows, breaks


def _right(number: int) -> str:
    return f"{number:>5}"


def _minutes(seconds: float | None) -> str:
    return "    –" if seconds is None else f"{seconds / 60:.1f}m".rjust(5)
