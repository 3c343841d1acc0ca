"""The table of `tocsin incidents stats`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tocsin.cli.words import SEVERITY_WORDS, severity_word

_SPAN: Final = re.compile(r"(\d+)\s*(m|min|h|d|w)")
_UNITS: Final = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def statistics_rows(
    found: Mapping[str, Any], *, by_type: bool, by_severity: bool
) -> tuple[list[list[str]], list[int]]:
    """Return the rows of the table, and the rows followed by a line. By default both parts are shown."""
    rows = [
        ["Total Incidents", _right(found["total_incidents"])],
        ["Active Incidents", _right(found["active_incidents"])],
        ["Resolved Incidents", _right(found["resolved_incidents"])],
    ]
    breaks = [len(rows) - 1]
    if by_severity or not by_type:
        counts: dict[str, int] = dict.fromkeys(SEVERITY_WORDS.values(), 0)
        for word, number in _counts(found["by_severity"]):
            counts[severity_word(word)] = counts.get(severity_word(word), 0) + number
        rows += [["By Severity:", ""], *([f"  {word}", _right(n)] for word, n in counts.items())]
        breaks.append(len(rows) - 1)
    if by_type or not by_severity:
        by_size = sorted(_counts(found["by_type"]), key=lambda one: -one[1])
        rows += [["By Type:", ""], *([f"  {name}", _right(number)] for name, number in by_size)]
        breaks.append(len(rows) - 1)
    for name in ("mttd", "mttr"):
        times = found["measures"][name]
        rows += [
            [f"Avg {name.upper()}", _minutes(times["mean_seconds"])],
            [f"Median {name.upper()}", _minutes(times["median_seconds"])],
            [f"P90 {name.upper()} (n={times['count']})", _minutes(times["p90_seconds"])],
        ]
    return rows, breaks


def more_rows(found: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return further tables, each with its title, head and rows; empty ones are left out."""
    tables = [
        ("Response Times", ["Measure", "Median", "P90", "Mean", "n", "Left out"], _measures(found)),
        ("Rates", ["Rate", "Share", "Of"], _rates(found)),
        ("Deadlines", ["Deadline", "Met", "Missed", "Running", "Share met"], _deadlines(found["sla"])),
        (
            "Detectors", ["Detector", "Incidents", "Not acknowledged", "False positives"],
            _detectors(found["by_detector"]),
        ),
        (
            "Responders", ["Person", "Incidents", "At night", "On weekends", "In roles"],
            _responders(found["by_responder"]),
        ),
    ]  # fmt: skip
    return [table for table in tables if table[2]]


def _deadlines(shares: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    names = ("kind", "met", "breached", "running")
    return [[*(str(one[name]) for name in names), _percent(one["percent"])] for one in shares]


def _detectors(noise: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    names = ("detector", "incidents", "not_acknowledged")
    return [[*(str(one[name]) for name in names), _of(one["false_positives"])] for one in noise]


def _responders(load: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    names = ("username", "incidents", "at_night", "on_weekends")
    return [[*(str(one[name]) for name in names), _minutes(one["seconds_in_roles"]).strip()] for one in load]


def _of(rate: Mapping[str, Any]) -> str:
    return f"{rate['count']} of {rate['of']}"


def _measures(found: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for name, one in found["measures"].items():
        left_out = ", ".join(f"{count} {reason}" for reason, count in one["left_out"].items())
        times = [_minutes(one[f"{kind}_seconds"]).strip() for kind in ("median", "p90", "mean")]
        rows.append([name.upper(), *times, str(one["count"]), left_out or "none"])
    return [*rows, ["MTBF", "", "", _minutes(found["mtbf_seconds"]).strip(), "", ""]]


def _rates(found: Mapping[str, Any]) -> list[list[str]]:
    names = {"auto_resolved": "Resolved automatically", "false_positives": "False positives"}
    return [[words, _percent(found[name]["percent"]), _of(found[name])] for name, words in names.items()]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} %"


def period(since: str) -> str:
    """Return the label of a period: 24h -> Last 24 hours."""
    if not since:
        return "All time"
    found = _SPAN.fullmatch(since.strip().lower())
    return f"Last {found.group(1)} {_UNITS[found.group(2)]}" if found else f"Since {since}"


def _counts(groups: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    return [(str(group["value"]), int(group["incidents"])) for group in groups if group["incidents"]]


def _right(number: int) -> str:
    return f"{number:>5}"


def _minutes(seconds: float | None) -> str:
    return "    –" if seconds is None else f"{seconds / 60:.1f}m".rjust(5)
