"""Tests a rule on sample events with detection's own matching and windows, without side effects.

The hits go to temporary tables of this transaction, which is rolled back. No event is counted, no finding
written, no incident changed, and earlier incidents are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, LiteralString, NamedTuple

from django.db import connection, transaction

from detection.evaluation import windows
from detection.evaluation.evidence import Found, RawCrossing, crossings_of, members_of
from detection.evaluation.findings import (
    Crossing,
    Member,
    State,
    Stored,
    TouchedGroup,
    description_of,
    title_of,
    verdict_of_crossing,
)
from detection.evaluation.matching import Hit, Ruleset
from detection.ingest.parsing import ParsedEvent
from detection.models import DetectionRule
from incidents.lifecycle.severity_matrix import raises
from incidents.vocabulary import Severity

MAX_BURSTS: Final = 50
STATEMENT_TIMEOUT: Final = "5s"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TABLES: Final[LiteralString] = """
create temporary table trial_hit (
  workspace_id bigint not null, rule_id bigint not null, occurred_at timestamptz not null,
  event_id bigint not null, matches boolean not null, group_key text not null, source text) on commit drop;
create index on trial_hit (workspace_id, rule_id, group_key, occurred_at, event_id);
create temporary table trial_link (
  workspace_id bigint not null, event_id bigint not null, incident_id bigint not null) on commit drop;
"""


def _of_test(query: LiteralString) -> LiteralString:
    """Return the query with the temporary table of hits."""
    over_hits = query.replace("detection_rule_hit", "trial_hit")
    return over_hits.replace("detection_incident_event", "trial_link")


CROSSINGS: Final = _of_test(windows.CROSSINGS)
SPREAD_CROSSINGS: Final = _of_test(windows.SPREAD_CROSSINGS)
MEMBERS: Final = _of_test(windows.MEMBERS)


class SampleEvent(NamedTuple):
    """An event for a rule test, with a number that orders events of the same time."""

    number: int
    event: ParsedEvent


@dataclass(frozen=True, slots=True)
class Burst:
    """An incident that would have been opened: its text, time, and what it would have counted."""

    title: str
    description: str
    severity: Severity
    group: str
    opened_at: datetime
    started_at: datetime
    in_window: int
    counted: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quiet:
    """A group that matched and stayed below the threshold."""

    group: str
    matched: int


@dataclass(frozen=True, slots=True)
class RuleTestResult:
    """Result of a rule test: numbers of events and matches, bursts by time, groups below the threshold."""

    events: int
    matched: int
    bursts: tuple[Burst, ...]
    quiet: tuple[Quiet, ...]
    threshold: int


def run_rule_test(rule: DetectionRule, events: Sequence[SampleEvent]) -> RuleTestResult:
    """Apply a rule, which need not be stored, to events.

    `rule.workspace_id` must be set; its pk may be absent. Raises DatabaseError after five seconds.
    """
    rule.pk = rule.pk or 0
    hits = _hits(rule, events)
    matched = {number for number, hit in hits if hit[3]}
    pairs = _pairs(rule, events, hits)
    with transaction.atomic():
        _store(rule, events, hits)
        bursts = _bursts(rule, pairs, events)
        transaction.set_rollback(True)  # drops the temporary tables, also within an outer transaction
    opened = {burst.group for burst in bursts}
    counts = {pair.group_key: len(pair.events) for pair in pairs if pair.group_key not in opened}
    quiet = sorted(counts.items(), key=lambda one: -one[1])[:MAX_BURSTS]
    return RuleTestResult(
        len(events), len(matched), bursts, tuple(Quiet(*one) for one in quiet), rule.error_threshold
    )


def _hits(rule: DetectionRule, events: Iterable[SampleEvent]) -> list[tuple[int, Hit]]:
    ruleset = Ruleset([rule])
    return [(number, hit) for number, event in events for hit in ruleset.hits(event)]


def _pairs(
    rule: DetectionRule, events: Sequence[SampleEvent], hits: Sequence[tuple[int, Hit]]
) -> list[TouchedGroup]:
    """Return each group that matched, with its matching events."""
    times = {number: event.occurred_at for number, event in events}
    pairs: dict[str, TouchedGroup] = {}
    for number, (_, group, _, matches) in hits:
        at = times[number]
        if not matches:
            continue
        pair = pairs.setdefault(group, TouchedGroup(rule.workspace_id, rule.pk, group, at, at))
        pair.lo, pair.hi = min(pair.lo, at), max(pair.hi, at)
        pair.events[number] = at
    return [pairs[group] for group in sorted(pairs)]


def _store(rule: DetectionRule, events: Sequence[SampleEvent], hits: Sequence[tuple[int, Hit]]) -> None:
    times = {number: event.occurred_at for number, event in events}
    with connection.cursor() as cursor:
        cursor.execute(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'")
        cursor.execute(TABLES)
        cursor.executemany(
            "insert into trial_hit values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (rule.workspace_id, rule.pk, times[number], number, matches, group, source)
                for number, (_, group, source, matches) in hits
            ],
        )
        cursor.execute("analyze trial_hit")


def _bursts(
    rule: DetectionRule, pairs: Sequence[TouchedGroup], events: Sequence[SampleEvent]
) -> tuple[Burst, ...]:
    state = State(
        threshold=rule.error_threshold,
        window_seconds=rule.time_window_seconds,
        consecutive=rule.require_consecutive,
        spread=rule.min_components_affected,
        dry_run=False,
        incident_id=None,
        counts_after=EPOCH,
    )
    found: list[Found] = [(pair, state) for pair in pairs]
    crossed = crossings_of(found, plain=CROSSINGS, spread=SPREAD_CROSSINGS)
    crossed = sorted(crossed, key=lambda one: (one.at, one.touched.group_key))[:MAX_BURSTS]
    stored = {number: (event.event_type, event.message, event.metadata) for number, event in events}
    members = members_of(crossed, MEMBERS)
    return tuple(_burst(rule, one, members[n], stored) for n, one in enumerate(crossed))


def _burst(rule: DetectionRule, one: RawCrossing, members: list[Member], stored: Stored) -> Burst:
    sources = tuple(dict.fromkeys(member.source for member in members))
    verdict = verdict_of_crossing(
        Crossing(one.touched, one.state, rule, one.at, one.event_id, members), stored
    )
    met = raises(verdict.incident_type, verdict.severity, verdict.facts)
    return Burst(
        title=title_of(rule, one.touched.group_key, sources, verdict.incident_type),
        description=description_of(rule, len(members), stored[members[0].event_id][1], sources),
        severity=met.to if met else verdict.severity,
        group=one.touched.group_key,
        opened_at=one.at,
        started_at=members[0].occurred_at,
        in_window=sum(member.occurred_at <= one.at for member in members),
        counted=len(members),
        sources=sources,
    )
