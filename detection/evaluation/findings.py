"""Value types of detection, and titles of incidents it opens. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from detection.models import DetectionRule, GroupBy
from detection.rules.event_types import EventText, facts_in, type_of_events
from incidents.lifecycle.severity_matrix import EVENT_METRICS, MATRIX, Fact, default_severity, worst_facts
from incidents.vocabulary import SEVERITY_RANK, Basis, IncidentType, Severity

EVERYTHING = "*"
# Number of events of its window that determine a crossing's type, and of all it counts that determine its
# facts.
MAX_CLASSIFIED: Final = 50
MAX_MEASURED: Final = 500
# Types of rules that are replaced when the events indicate something more specific.
UNSPECIFIC: Final = (IncidentType.ERROR_BURST, IncidentType.OTHER)


@dataclass(slots=True)
class TouchedGroup:
    """One (rule, group) with unprocessed hits: event id -> when it occurred, and their sources.

    `since` is when the oldest of them arrived; None for a pair that is evaluated again without new ones.
    """

    workspace_id: int
    rule_id: int
    group_key: str
    lo: datetime
    hi: datetime
    events: dict[int, datetime] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    since: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """Return 64 hex digits: the same problem has the same fingerprint within its workspace."""
        text = "\x1f".join((str(self.workspace_id), str(self.rule_id), self.group_key))
        return hashlib.sha256(text.encode()).hexdigest()


def merged(taken: Iterable[tuple[Any, ...]]) -> list[TouchedGroup]:
    """Return pending rows as pairs, each once, in order of workspace, rule and group."""
    pairs: dict[tuple[int, int, str], TouchedGroup] = {}
    for workspace_id, rule_id, group_key, event_ids, occurred, sources, arrived_at in taken:
        key = (workspace_id, rule_id, group_key)
        pair = pairs.get(key)
        if pair is None:
            pair = pairs[key] = TouchedGroup(workspace_id, rule_id, group_key, occurred[0], occurred[0])
        pair.lo, pair.hi = min(pair.lo, *occurred), max(pair.hi, *occurred)
        pair.events.update(zip(event_ids, occurred, strict=True))
        pair.sources.update(sources)
        pair.since = min(pair.since or arrived_at, arrived_at)
    return [pairs[key] for key in sorted(pairs)]


class State(NamedTuple):
    """A pair's rule as numbers, its unresolved incident if any, and from when its hits count."""

    threshold: int
    window_seconds: int
    consecutive: bool
    spread: int
    dry_run: bool
    incident_id: int | None
    counts_after: datetime


class Member(NamedTuple):
    """One event a crossing counts; `incident_id` is the unresolved incident that already has it."""

    event_id: int
    occurred_at: datetime
    source: str
    incident_id: int | None


@dataclass(slots=True)
class Crossing:
    """A threshold crossed at `at`, by the hit of the event `event_id`."""

    touched: TouchedGroup
    state: State
    rule: DetectionRule
    at: datetime
    event_id: int
    members: list[Member] = field(default_factory=list)

    @property
    def window(self) -> list[Member]:
        """Return the members up to the crossing."""
        return [member for member in self.members if member.occurred_at <= self.at]


def window_start(at: datetime, state: State) -> datetime:
    """Return from when hits belong to a crossing at `at`: the start of its window."""
    return at - timedelta(seconds=state.window_seconds) + timedelta(microseconds=1)


def by_weight(crossing: Crossing) -> tuple[int, bool, int, str]:
    """Sort key: worst severity first, then rules that name event types, then older rules."""
    rule = crossing.rule
    return SEVERITY_RANK[Severity(rule.severity)], not rule.event_types, rule.pk, crossing.touched.group_key


@dataclass(frozen=True, slots=True)
class Verdict:
    """Type and severity of a crossing, their basis, and the facts measured from its events."""

    incident_type: IncidentType
    severity: Severity
    basis: Basis
    facts: dict[str, Fact] = field(default_factory=dict)


Stored = Mapping[int, tuple[str, str, Mapping[str, Any] | None]]


def ids_to_read(crossing: Crossing) -> list[int]:
    """Return the events to read before a crossing is classified: at least the first."""
    members = crossing.members
    if _basis_of(crossing.rule) == Basis.LEVEL:
        wanted = [*members[:MAX_MEASURED], *crossing.window[:MAX_CLASSIFIED]]
    elif _is_measured(IncidentType(crossing.rule.incident_type)):
        wanted = members[:MAX_MEASURED]
    else:
        wanted = members[:1]
    return [member.event_id for member in wanted]


def verdict_of_crossing(crossing: Crossing, stored: Stored) -> Verdict:
    """Return type and severity of a crossing; `stored` has event type, message and facts of `ids_to_read`.

    For a rule that matches by level only, both follow from the text of its events if it indicates a type.
    """
    rule, basis = crossing.rule, _basis_of(crossing.rule)
    kind, severity = IncidentType(rule.incident_type), Severity(rule.severity)
    if basis == Basis.LEVEL:
        texts = [
            EventText(*stored[m.event_id][:2])
            for m in crossing.window[:MAX_CLASSIFIED]
            if m.event_id in stored
        ]
        if (found := type_of_events(texts)) is not None:
            kind, severity, basis = found, default_severity(found), Basis.WORDS
    read = [stored[m.event_id][2] for m in crossing.members[:MAX_MEASURED] if m.event_id in stored]
    return Verdict(kind, severity, basis, worst_facts(facts_in(metadata) for metadata in read if metadata))


def _basis_of(rule: DetectionRule) -> Basis:
    if rule.event_types:
        return Basis.EVENT_TYPE
    if rule.message_pattern:
        return Basis.PATTERN
    return Basis.LEVEL if rule.incident_type in UNSPECIFIC else Basis.WORDS


def _is_measured(kind: IncidentType) -> bool:
    escalation = MATRIX[kind].escalation
    return escalation is not None and escalation.metric in EVENT_METRICS


def title_of(
    rule: DetectionRule, group_key: str, components: Sequence[str], incident_type: IncidentType | None = None
) -> str:
    """Return a title such as `Error burst in my-service`.

    `incident_type`: the type indicated by its events, which may differ from the rule's.
    """
    found = incident_type or IncidentType(rule.incident_type)
    kind = found.label
    if rule.is_builtin is False and found == IncidentType.OTHER:
        kind = rule.name
    if rule.group_by == GroupBy.SOURCE:
        return f"{kind} in {group_key}"
    if rule.group_by == GroupBy.CORRELATION_ID:
        return f"{kind} in {group_key} ({_listed(components)})"
    return f"{kind} in {_listed(components)}"


def description_of(rule: DetectionRule, count: int, sample: str, components: Sequence[str]) -> str:
    """Return the number of events, the rule, and the first event's message."""
    span = f"{rule.time_window_seconds} s"
    run = " in a row" if rule.require_consecutive else ""
    text = (
        f"{count} matching events{run} from {_listed(components)} within {span}. "
        f"Rule {rule.rule_id}: {rule.error_threshold} in {span}."
    )
    return f"{text}\n\nFirst message: {sample}" if sample else text


def _listed(components: Sequence[str]) -> str:
    shown = ", ".join(components[:3])
    return shown if len(components) <= 3 else f"{shown} and {len(components) - 3} more"
