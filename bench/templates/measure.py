"""Message templates compared with drain3 with the same masks: speed, and accuracy on labelled logs.

DIR holds LogHub-2.0 samples of 2,000 lines as CSV files with the columns Content and EventTemplate; they are
for academic use and not part of Tocsin. Accuracy of grouping (GA): share of lines whose group is exactly the
labelled one. FGA: the F1 of groups that are exactly right. Rates are lines per CPU second, masking included;
drain3 has its defaults and Tocsin's masks.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from config.paths import ROOT
from detection.analysis.templates import templates_of
from detection.analysis.text import shape

DEVELOPMENT: Final = ROOT / "tests" / "analysis" / "development.jsonl"
TUNED: Final = ("Apache", "BGL", "Hadoop", "HealthApp", "Mac", "OpenSSH", "Spark")
BATCH: Final = 2_000  # size of one set; an incident has at most 5,000
# Tocsin's masks for drain3: words with a digit, and long hexadecimal words.
MASKS: Final = (r"(?<!\S)[^\s\d]*\d\S*", r"(?<!\S)[0-9a-fA-F]{8,}(?!\S)")
MUST_RATE, MUST_LINES_S, MUST_GROUPING = 2.5, 80_000.0, 1.0
Groups = Sequence[object]
Miner = Callable[[Sequence[str]], Groups]


@dataclass(frozen=True, slots=True)
class Event:
    """An event as input for templates."""

    id: int
    message: str
    source: str = "bench"


def tocsin(lines: Sequence[str]) -> Groups:
    """Return the number of its template for each line."""
    found = templates_of([Event(n, line) for n, line in enumerate(lines)])
    numbers = {one: n for n, template in enumerate(found) for one in template.shapes}
    return [numbers.get(shape(line), -1) for line in lines]


def mine(lines: Sequence[str]) -> None:
    """Return the templates only, as an analysis does."""
    templates_of([Event(n, line) for n, line in enumerate(lines)])


def drain3(lines: Sequence[str]) -> Groups:
    """Return the number of its cluster for each line."""
    config: Any = import_module("drain3.template_miner_config").TemplateMinerConfig()
    instruction: Any = import_module("drain3.masking").MaskingInstruction
    config.masking_instructions = [instruction(pattern, "*") for pattern in MASKS]
    miner: Any = import_module("drain3").TemplateMiner(config=config)
    return [miner.add_log_message(line)["cluster_id"] for line in lines]


def accuracy(found: Groups, labels: Sequence[str]) -> tuple[float, float]:
    """Return GA and FGA."""
    ours, theirs = _members(found), _members(labels)
    truth = set(theirs)
    right = [group for group in ours if group in truth]
    precision, recall = len(right) / len(ours), len(right) / len(theirs)
    score = 2 * precision * recall / (precision + recall) if right else 0.0
    return sum(map(len, right)) / len(labels), score


def _members(groups: Groups) -> list[frozenset[int]]:
    by_name: dict[object, list[int]] = defaultdict(list)
    for line, name in enumerate(groups):
        by_name[name].append(line)
    return [frozenset(lines) for lines in by_name.values()]


def rate(miner: Callable[[Sequence[str]], object], lines: Sequence[str]) -> float:
    """Return lines per CPU second, in batches of 2,000."""
    began = time.process_time()
    for start in range(0, len(lines), BATCH):
        miner(lines[start : start + BATCH])
    return len(lines) / (time.process_time() - began)


def incident_lines() -> list[str]:
    """Return the lines of one incident of each type, 2,000 each: its messages repeated with numbers."""
    groups = [json.loads(line) for line in DEVELOPMENT.read_text().splitlines()]
    chosen = {group["incident_type"]: [event["message"] for event in group["events"]] for group in groups}
    return [
        f"{messages[n % len(messages)]} request {n}" for messages in chosen.values() for n in range(BATCH)
    ]


def sets(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Return name, lines and labels of each labelled log."""
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        yield path.stem, [row["Content"] for row in rows], [row["EventTemplate"] for row in rows]


def compare(name: str, lines: Sequence[str], runs: int) -> bool:
    """Print the rates of both, interleaved; returns whether the bounds are met."""
    pairs = [(rate(mine, lines), rate(drain3, lines)) for _ in range(runs)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{name:<20} {ours:>10,.0f} lines/s, drain3 {theirs:>9,.0f}: {ratio:.2f}x")
    return ratio >= MUST_RATE and ours >= MUST_LINES_S


def grouping(folder: Path) -> bool:
    """Print GA and FGA of each set and their means; returns whether both means reach drain3's."""
    means: dict[str, list[tuple[float, float, float, float]]] = {"tuned": [], "held out": []}
    print(f"{'set':<14}{'GA':>8}{'drain3':>8}{'FGA':>8}{'drain3':>8}")
    for name, lines, labels in sets(folder):
        row = (*accuracy(tocsin(lines), labels), *accuracy(drain3(lines), labels))
        means["tuned" if name in TUNED else "held out"].append(row)
        _print(name, row)
    for kind, rows in means.items():
        _print(f"mean, {kind}", _mean(rows))
    whole = _mean([row for rows in means.values() for row in rows])
    _print("mean of all", whole)
    print(f"GA {whole[0] / whole[2]:.3f}x, FGA {whole[1] / whole[3]:.3f}x of drain3")
    return whole[0] >= MUST_GROUPING * whole[2] and whole[1] >= MUST_GROUPING * whole[3]


def _mean(rows: Sequence[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    a, b, c, d = (statistics.fmean(column) for column in zip(*rows, strict=True))
    return a, b, c, d


def _print(name: str, row: tuple[float, float, float, float]) -> None:
    ga, fga, their_ga, their_fga = row
    print(f"{name:<14}{ga:>8.3f}{their_ga:>8.3f}{fga:>8.3f}{their_fga:>8.3f}")


def main() -> int:
    """Measure; exit status 1 if a bound is missed. Without --loghub only the speed is measured."""
    parser = argparse.ArgumentParser(prog="python -m bench templates", description=__doc__)
    parser.add_argument("--loghub", type=Path, help="folder of the labelled logs")
    parser.add_argument("--runs", type=int, default=5, help="interleaved pairs of each speed")
    options = parser.parse_args()
    logging.getLogger("drain3").setLevel(logging.WARNING)
    passed = compare("incident-like lines", incident_lines(), options.runs)
    if options.loghub is None:
        print("labelled logs: not measured, give --loghub DIR")
        return 0 if passed else 1
    mixed = [line for _, lines, _ in sets(options.loghub) for line in lines]
    passed = compare("labelled logs", mixed, options.runs) and passed
    passed = grouping(options.loghub) and passed
    print(f"{'PASS' if passed else 'MISS'}: >= 2.5x and 80,000 lines/s, GA and FGA >= drain3's")
    return 0 if passed else 1
