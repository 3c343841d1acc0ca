"""Accuracy of the built-in analysis, compared with three baselines.

FILE holds JSON lines `{id, events, incident_type, category, severity}`. The type is determined from the
events by detection's table; `incident_type` is only compared with it. Baselines: the most frequent category,
keywords, and the nearest neighbour by 3-grams. Those that learn are evaluated by five-fold cross-validation,
or learn from --train FILE.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.analysis.statistics import wilson
from bench.analysis.yardsticks import keywords, majority, nearest
from detection.analysis.categories import Line, categorize, rules_digest
from detection.analysis.severity import suggest_severity
from detection.rules.event_types import EventText, facts_in, type_of_events
from incidents.lifecycle.severity_matrix import DURATION, worst_facts
from incidents.vocabulary import SEVERITY_RANK, Category, IncidentType, Severity

FOLDS: Final = 5
MUST_CATEGORY, MUST_SEVERITY, MUST_AHEAD = 0.90, 0.90, 0.10
Group = dict[str, Any]
Learn = Callable[[Sequence[Group]], Callable[[Group], str]]
YARDSTICKS: Final[dict[str, Learn]] = {
    "majority": majority,
    "keywords": lambda _: keywords,
    "3-gram nearest neighbour": nearest,
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """Result of the analysis for one group."""

    group: Group
    category: str
    incident_type: str
    severity: str


def predict(group: Group) -> Prediction:
    """Analyse one group as Tocsin would."""
    events = group["events"]
    lines = [
        Line(e["message"], e.get("event_type", ""), e["level"].lower(), e.get("source", "")) for e in events
    ]
    texts = [EventText(e.get("event_type", ""), e["message"]) for e in events if _counts(e)]
    kind = type_of_events(texts) or IncidentType.ERROR_BURST
    facts = worst_facts(facts_in(e["metadata"]) for e in events if e.get("metadata"))
    lasted = [e["metadata"][DURATION] for e in events if DURATION in e.get("metadata", {})]
    if lasted:
        facts[DURATION] = max(lasted)
    category = categorize(lines).category
    severity, _ = suggest_severity(kind, category, facts)
    return Prediction(group, category.value, kind.value, severity.value)


def _counts(event: dict[str, Any]) -> bool:
    return event["level"].lower() not in {"debug", "info"}


def share(right: Sequence[bool]) -> str:
    """Format a share: `93.3 % (140 of 150; 95 % Wilson 88.2 to 96.3)`."""
    low, high = wilson(sum(right), len(right))
    percent = 100 * sum(right) / len(right)
    return f"{percent:.1f} % ({sum(right)} of {len(right)}; 95 % Wilson {100 * low:.1f} to {100 * high:.1f})"


def within_one(one: Prediction) -> bool:
    """Return whether the suggested severity is at most one step off."""
    ranks = [SEVERITY_RANK[Severity(word)] for word in (one.severity, one.group["severity"])]
    return abs(ranks[0] - ranks[1]) <= 1


def yardstick(learn: Learn, groups: Sequence[Group], training: Sequence[Group]) -> list[bool]:
    """Return whether a baseline is right for each group, by folds unless there is a training set."""
    if training:
        say = learn(training)
        return [say(group) == group["category"] for group in groups]
    right: list[bool] = []
    for fold in range(FOLDS):
        say = learn([group for n, group in enumerate(groups) if n % FOLDS != fold])
        right += [say(group) == group["category"] for n, group in enumerate(groups) if n % FOLDS == fold]
    return right


def confusion(predictions: Sequence[Prediction]) -> list[str]:
    """Return a confusion matrix: rows are the labels, columns the analysis."""
    names = [category.value for category in Category]
    counts = Counter((one.group["category"], one.category) for one in predictions)
    short = [name.removesuffix("_issue")[:8] for name in names]
    lines = [f"{'label / predicted':<16}" + "".join(f"{name:>9}" for name in short)]
    for name in names:
        row = "".join(f"{counts[name, other] or '·':>9}" for other in names)
        lines.append(f"{name.removesuffix('_issue'):<16}{row}")
    return lines


def report(groups: Sequence[Group], training: Sequence[Group]) -> tuple[list[str], bool]:
    """Return the lines to print, and whether every bound is met."""
    predictions = [predict(group) for group in groups]
    right = [one.category == one.group["category"] for one in predictions]
    near = [within_one(one) for one in predictions]
    exact = [one.severity == one.group["severity"] for one in predictions]
    types = [one.incident_type == one.group["incident_type"] for one in predictions]
    lines = [f"n {len(predictions)}", f"category             {share(right)}"]
    if not training:
        folds = [right[fold::FOLDS] for fold in range(FOLDS)]
        lines.append(
            "  by fold            " + ", ".join(f"{100 * sum(f) / len(f):.1f} %" for f in folds if f)
        )
    lines += [
        f"predicted unknown    {share([one.category == Category.UNKNOWN for one in predictions])}",
        f"severity within one  {share(near)}",
        f"severity exact       {share(exact)}",
        f"type                 {share(types)}",
    ]
    measured = {name: yardstick(learn, groups, training) for name, learn in YARDSTICKS.items()}
    lines += [f"{name:<24} {share(results)}" for name, results in measured.items()]
    best = max(sum(results) for results in measured.values()) / len(groups)
    accuracy = sum(right) / len(right)
    passed = (
        accuracy >= MUST_CATEGORY and sum(near) / len(near) >= MUST_SEVERITY and accuracy - best >= MUST_AHEAD
    )
    lines += ["", *confusion(predictions), "", *_misses(predictions)]
    return lines, passed


def _misses(predictions: Sequence[Prediction]) -> list[str]:
    wrong = [one for one in predictions if one.category != one.group["category"]]
    return [f"{one.group['id']}: {one.group['category']}, predicted {one.category}" for one in wrong]


def read(path: Path | None) -> list[Group]:
    """Return the groups of a file; none without a file."""
    if path is None:
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def main() -> int:
    """Measure a set; exit status 1 when a bound is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench analysis", description=__doc__)
    parser.add_argument("--set", type=Path, required=True, help="groups to predict")
    parser.add_argument("--train", type=Path, help="groups the yardsticks learn from")
    options = parser.parse_args()
    digest = hashlib.sha256(options.set.read_bytes()).hexdigest()
    print(f"rules {rules_digest()[:12]}  set {digest[:12]} ({options.set.name})")
    lines, passed = report(read(options.set), read(options.train))
    print("\n".join(lines))
    print(
        f"{'PASS' if passed else 'MISS'}: category >= 90 %, severity within one >= 90 %, "
        "10 points over each yardstick"
    )
    return 0 if passed else 1
