"""Compiles rules to hash probes for fast event matching. Pure.

Every rule is filed under its equality conditions, (event type, source), with None for "any"; an event looks
up at most four of them. Other conditions (level, message) are checked for the rules found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Protocol

import re2

from detection.ingest.parsing import ParsedEvent

# RE2 runs in linear time for any pattern; with too little memory for its automaton it falls back to an
# algorithm some ten times slower.
PATTERN_OPTIONS: Final = re2.Options()
PATTERN_OPTIONS.max_mem = 8 << 20
PATTERN_OPTIONS.log_errors = False

SOURCE: Final = "source"
CORRELATION_ID: Final = "correlation_id"


class RuleLike(Protocol):
    """The fields that compiling needs of a rule; `DetectionRule` has them."""

    pk: Any
    event_types: Any
    sources: Any
    minimum_level: Any
    message_pattern: Any
    group_by: Any
    require_consecutive: Any


@dataclass(frozen=True, slots=True)
class Probe:
    """One rule, compiled for matching."""

    rule_id: int
    minimum_level: int
    pattern: Any
    group_by: str
    event_types: frozenset[str]

    def matches(self, event: ParsedEvent) -> bool:
        """Return whether level and message match; type and source were matched by the look-up."""
        return event.level >= self.minimum_level and (
            self.pattern is None or self.pattern.search(event.message) is not None
        )

    def group_of(self, event: ParsedEvent) -> str:
        """Return the group the event counts in; empty for an event without the correlation id to group by."""
        if self.group_by == SOURCE:
            return event.source
        return event.correlation_id if self.group_by == CORRELATION_ID else "*"


# (rule id, group, source unless it is the group, whether it matches: False resets a consecutive run)
Hit = tuple[int, str, str | None, bool]


class Ruleset:
    """The enabled rules of one workspace."""

    def __init__(self, rules: Iterable[RuleLike]) -> None:
        self._by_shape: dict[tuple[str | None, str | None], list[Probe]] = {}
        self._runs: dict[str | None, list[Probe]] = {}
        for rule in rules:
            self._file(rule)
        # Most workspaces use few key shapes: skip look-ups that cannot match any rule.
        self._has_types = any(kind is not None for kind, _ in self._by_shape)
        self._has_sources = any(source is not None for _, source in self._by_shape)
        probes = [
            probe for filed in (self._by_shape, self._runs) for group in filed.values() for probe in group
        ]
        self.has_patterns: Final = any(probe.pattern is not None for probe in probes)

    def _file(self, rule: RuleLike) -> None:
        probe = Probe(
            rule.pk,
            rule.minimum_level,
            compile_pattern(rule.message_pattern) if rule.message_pattern else None,
            str(rule.group_by),
            frozenset(rule.event_types),
        )
        sources: Sequence[str | None] = sorted(set(rule.sources)) or [None]
        if rule.require_consecutive:
            for source in sources:
                self._runs.setdefault(source, []).append(probe)
            return
        for shape in product(sorted(set(rule.event_types)) or [None], sources):
            self._by_shape.setdefault(shape, []).append(probe)

    def hits(self, event: ParsedEvent) -> list[Hit]:
        """Yield every rule the event matches, and every consecutive run it breaks."""
        found = self._matching(event)
        if self._runs:
            found += self._consecutive(event)
        return found

    def _matching(self, event: ParsedEvent) -> list[Hit]:
        kind, source, probes = event.event_type, event.source, self._by_shape
        filed = [probes.get((None, None))]
        if self._has_types:
            filed.append(probes.get((kind, None)))
        if self._has_sources:
            filed += [probes.get((None, source)), probes.get((kind, source))]
        return [
            hit
            for group in filed
            if group
            for probe in group
            if probe.matches(event) and (hit := _hit(probe, event, matches=True))
        ]

    def _consecutive(self, event: ParsedEvent) -> list[Hit]:
        probes = [*self._runs.get(None, ()), *self._runs.get(event.source, ())]
        verdicts = [
            (probe, (not probe.event_types or event.event_type in probe.event_types) and probe.matches(event))
            for probe in probes
        ]
        return [hit for probe, matches in verdicts if (hit := _hit(probe, event, matches=matches))]


def _hit(probe: Probe, event: ParsedEvent, *, matches: bool) -> Hit | None:
    group = probe.group_of(event)
    return (probe.rule_id, group, None if group == event.source else event.source, matches) if group else None


def compile_pattern(pattern: str) -> Any:
    """Compile an RE2 pattern. Raises `re2.error` when it is invalid or too large."""
    return re2.compile(pattern, PATTERN_OPTIONS)
