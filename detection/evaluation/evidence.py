"""Reads the state of touched groups, their crossed windows and counted events.

Reads only; callers that act on the result hold the workspace's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, LiteralString, NamedTuple

import orjson

from core.sql.prepared import Result, pipelined, send
from detection.evaluation import windows
from detection.evaluation.findings import Crossing, Member, State, TouchedGroup, by_weight, window_start
from detection.models import DetectionRule

Found = tuple[TouchedGroup, State]

# Fields of a rule used for the incidents it opens.
_FOUND: Final = (
    "id", "rule_id", "name", "incident_type", "severity", "event_types", "group_by", "error_threshold",
    "time_window_seconds", "require_consecutive", "is_builtin",
)  # fmt: skip
_RULES: Final[LiteralString] = """
select id, rule_id, name, incident_type, severity, event_types, group_by, error_threshold,
       time_window_seconds, require_consecutive, is_builtin
  from detection_detectionrule where workspace_id = %s::bigint and id = any(%s::bigint[])
"""


class RawCrossing(NamedTuple):
    """A threshold crossed at `at`, by the hit of the event `event_id`."""

    touched: TouchedGroup
    state: State
    at: datetime
    event_id: int


def states_of(pairs: Sequence[TouchedGroup]) -> list[Found]:
    """Return each pair whose rule is enabled, with its state. One statement."""
    if not pairs:
        return []
    wanted = [
        {"n": n, "rule_id": pair.rule_id, "group_key": pair.group_key, "fingerprint": pair.fingerprint}
        for n, pair in enumerate(pairs)
    ]
    result = send(windows.STATES, [orjson.dumps(wanted).decode()])
    return [(pairs[n], State(*state)) for n, *state in result.rows()]


def joining(found: Sequence[Found]) -> list[Found]:
    """Return those whose new events belong to an unresolved incident; a dry run joins nothing."""
    return [(pair, state) for pair, state in found if state.incident_id and not state.dry_run]


def crossings_of(
    found: Sequence[Found],
    *,
    plain: LiteralString = windows.CROSSINGS,
    spread: LiteralString = windows.SPREAD_CROSSINGS,
) -> list[RawCrossing]:
    """Return the crossed windows of pairs without an unresolved incident, in at most two statements.

    `plain` and `spread` are these statements, which a rule test replaces to use its own hits.
    """
    quiet = [(pair, state) for pair, state in found if state.dry_run or not state.incident_id]
    narrow = [(pair, state) for pair, state in quiet if state.spread <= 1]
    wide = [(pair, state) for pair, state in quiet if state.spread > 1]
    with pipelined():
        results = [(kind, _query(query, kind)) for query, kind in ((plain, narrow), (spread, wide)) if kind]
        crossed = [(kind[n], at, event) for kind, result in results for n, at, event in result.rows()]
    return [RawCrossing(pair, state, at, event) for (pair, state), at, event in crossed]


def _query(query: LiteralString, found: Sequence[Found]) -> Result:
    columns = [
        (n, pair.workspace_id, pair.rule_id, pair.group_key, pair.lo, pair.hi, state.counts_after,
         state.threshold, timedelta(seconds=state.window_seconds), state.spread)
        for n, (pair, state) in enumerate(found)
    ]  # fmt: skip
    return send(query, [list(column) for column in zip(*columns, strict=True)])


def with_members(workspace_id: int, crossed: Sequence[RawCrossing]) -> list[Crossing]:
    """Return one workspace's crossings in order of weight, each with its rule and the events it counts."""
    if not crossed:
        return []
    with pipelined():
        found_rules = send(_RULES, [workspace_id, [pair.rule_id for pair, *_ in crossed]])
        members = members_of(crossed)
        rules = {row[0]: DetectionRule(**dict(zip(_FOUND, row, strict=True))) for row in found_rules.rows()}
    crossings = [
        Crossing(c.touched, c.state, rules[c.touched.rule_id], c.at, c.event_id, found)
        for c, found in zip(crossed, members, strict=True)
        # Their incident may have been resolved meanwhile: people do not wait for the lock.
        if len(found) >= c.state.threshold
    ]
    return sorted(crossings, key=by_weight)


def members_of(crossed: Sequence[RawCrossing], query: LiteralString = windows.MEMBERS) -> list[list[Member]]:
    """Return the events each crossing counts, oldest first: one statement, none without a crossing."""
    members: list[list[Member]] = [[] for _ in crossed]
    if not crossed:
        return members
    columns = [
        (n, c.touched.workspace_id, c.touched.rule_id, c.touched.group_key, window_start(c.at, c.state),
         c.state.counts_after, c.state.consecutive, c.at, c.event_id)
        for n, c in enumerate(crossed)
    ]  # fmt: skip
    for n, *member in send(query, [list(column) for column in zip(*columns, strict=True)]).rows():
        members[n].append(Member(*member))
    return members
