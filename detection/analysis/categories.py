"""Determines the category of an incident from its log lines, by rules in `data/categories.toml`."""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import re2

from detection.analysis.text import normalised, shape
from incidents.vocabulary import Category

DATA: Final = Path(__file__).parent / "data"
MIN_SCORE: Final = 2.5
MIN_MARGIN: Final = 0.04  # as a share of the best score, between the best and the second category
MAX_LINES: Final = 5_000
# Lines below warning are context: they count only if nothing worse was logged.
LEVEL_WEIGHTS: Final = {
    "debug": 0.02,
    "info": 0.05,
    "warning": 0.5,
    "error": 1.0,
    "critical": 1.2,
    "fatal": 1.2,
}
EVENT_TYPE_WEIGHT: Final = 0.6
# Very different lines: a pattern that matches all of them is meaningless.
UNRELATED: Final = ("a", "7", "zz qq", "all is well today", "10:04 -")
_NAMES: Final = frozenset(category.value for category in Category if category != Category.UNKNOWN)
_NAMED: Final = re.compile(rf"\b(?:{'|'.join(sorted(_NAMES))})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One event with the fields that analysis uses."""

    message: str
    event_type: str = ""
    level: str = "error"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A set of RE2 patterns that indicate a category with a weight."""

    id: str
    category: Category
    weight: float
    why: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a category was chosen: the rule, and the first line it matched."""

    rule: str
    why: str
    line: str
    category: Category
    source: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The category, each category's score, and the evidence for the chosen one, strongest first."""

    category: Category
    scores: Mapping[Category, float]
    evidence: tuple[Evidence, ...] = ()


class RuleError(ValueError):
    """An invalid rule file: the message names the rule and what is wrong."""


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Return the rules of a TOML document. Raises RuleError naming the first invalid rule."""
    return tuple(_rule(entry) for entry in tomllib.loads(text).get("rule", []))


def _rule(entry: Mapping[str, object]) -> Rule:
    rule_id = str(entry.get("id", ""))
    patterns = entry.get("any")
    if not rule_id or not isinstance(patterns, list) or not patterns:
        raise RuleError(f"rule {rule_id or '?'}: needs an id and at least one pattern under `any`")
    for pattern in patterns:
        _checked(rule_id, str(pattern))
    try:
        category = Category(str(entry.get("category")))
    except ValueError as error:
        raise RuleError(f"rule {rule_id}: {error}") from error
    return Rule(rule_id, category, float(str(entry["weight"])), str(entry["why"]), tuple(map(str, patterns)))


def _checked(rule_id: str, pattern: str) -> None:
    try:
        is_empty = re2.search(pattern, "") is not None
        matches_everything = is_empty or all(re2.search(pattern, text) for text in UNRELATED)
    except re2.error as error:
        raise RuleError(
            f"rule {rule_id}: the pattern {pattern!r} is no regular expression: {error}"
        ) from error
    if matches_everything:
        raise RuleError(f"rule {rule_id}: {pattern!r} matches every line")


class Matcher:
    """All patterns of all rules in one RE2 set: one pass over a line finds the rules that match it."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self._set = re2.Set.SearchSet()
        self._owner: list[Rule] = []
        for rule in rules:
            for pattern in rule.patterns:
                self._set.Add(pattern)
                self._owner.append(rule)
        self._set.Compile()

    def matching(self, text: str) -> dict[Category, Rule]:
        """Return per category the heaviest rule that matches `text`."""
        best: dict[Category, Rule] = {}
        for index in self._set.Match(text) or ():
            rule = self._owner[index]
            if rule.category not in best or best[rule.category].weight < rule.weight:
                best[rule.category] = rule
        return best


@functools.cache
def matcher() -> Matcher:
    """Return the shipped rules, compiled once per process."""
    return Matcher(parse_rules((DATA / "categories.toml").read_text()))


@functools.cache
def rules_digest() -> str:
    """Return the SHA-256 of the shipped rules, to identify the rules of an analysis."""
    return hashlib.sha256((DATA / "categories.toml").read_bytes()).hexdigest()


def categorize(lines: Iterable[Line], first_failing: str = "") -> Verdict:
    """Return the category that the lines indicate; `unknown` if they indicate none, or two equally.

    Each distinct line shape counts by the logarithm of its frequency, so that one frequent line does not
    outvote the others. Lines of `first_failing`, the source that failed first, count double.
    """
    scores: dict[Category, float] = defaultdict(float)
    found: dict[tuple[Category, str], tuple[float, Evidence]] = {}
    shapes = _shapes(lines, first_failing)
    total = sum(weight for _, weight, _ in shapes.values()) or 1.0
    for text, weight, source in shapes.values():
        for category, rule in matcher().matching(normalised(_symptoms(text))).items():
            gain = rule.weight * weight / total
            scores[category] += gain
            known = found.get((category, rule.id))
            if known is None or known[0] < gain:
                found[category, rule.id] = (gain, Evidence(rule.id, rule.why, text, category, source))
    return _verdict(scores, found)


def _symptoms(text: str) -> str:
    """Return the text without names of categories, which express intent and not a failure.

    A text that consists of such names only is unchanged: some senders name their events so.
    """
    return text if text in _NAMES else _NAMED.sub(" ", text)


def _shapes(lines: Iterable[Line], first_failing: str) -> dict[int, tuple[str, float, str]]:
    """Return shape of a line or event type -> (its text, its weight, its source)."""
    first: dict[int, tuple[str, str]] = {}
    counts: dict[int, int] = defaultdict(int)
    base: dict[int, float] = {}
    for line in itertools.islice(lines, MAX_LINES):
        weight = LEVEL_WEIGHTS.get(line.level, 1.0) * (
            2.0 if line.source and line.source == first_failing else 1.0
        )
        for text, share in ((line.message, 1.0), (line.event_type, EVENT_TYPE_WEIGHT)):
            if text:
                key = shape(text)
                counts[key] += 1
                base[key] = max(base.get(key, 0.0), weight * share)
                first.setdefault(key, (text, line.source))
    return {
        key: (text, base[key] * math.log2(1 + counts[key]), source) for key, (text, source) in first.items()
    }


def _verdict(
    scores: Mapping[Category, float], found: Mapping[tuple[Category, str], tuple[float, Evidence]]
) -> Verdict:
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] < MIN_SCORE:
        return Verdict(Category.UNKNOWN, dict(scores))
    best, score = ranked[0]
    if len(ranked) > 1 and score - ranked[1][1] < MIN_MARGIN * score:
        return Verdict(Category.UNKNOWN, dict(scores))
    evidence = sorted(((g, e) for (c, _), (g, e) in found.items() if c == best), key=lambda item: -item[0])
    return Verdict(best, dict(scores), tuple(one for _, one in evidence[:5]))
