"""What the tables say about touched pairs: their state, their crossed windows, the events these count.

Reads only; who acts on what it saw holds the workspace's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import LiteralString, NamedTuple

import orjson

from core.hot_sql import rows
from detection import windows
from detection.findings import Crossing, Member, State, Touched, by_weight, window_start
from detection.models import DetectionRule

Found = tuple[Touched, State]


class Crossed(NamedTuple):
    """A threshold crossed at `at`, by the hit of the event `event_id`."""

    touched: Touched
    state: State
    at: datetime
    event_id: int


def states_of(pairs: Sequence[Touched]) -> list[Found]:
    """Each pair whose rule is enabled, with its state. One statement."""
    if not pairs:
        return []
    asked = [
        {"n": n, "rule_id": pair.rule_id, "group_key": pair.group_key, "fingerprint": pair.fingerprint}
        for n, pair in enumerate(pairs)
    ]
    return [(pairs[n], State(*state)) for n, *state in rows(windows.STATES, [orjson.dumps(asked).decode()])]


def joining(found: Sequence[Found]) -> list[Found]:
    """Those whose new events belong to an incident that is still unresolved; a dry run joins nothing."""
    return [(pair, state) for pair, state in found if state.incident_id and not state.dry_run]


def crossings_of(
    found: Sequence[Found],
    *,
    plain: LiteralString = windows.CROSSINGS,
    spread: LiteralString = windows.SPREAD_CROSSINGS,
) -> list[Crossed]:
    """The crossed windows of pairs without an unresolved incident: at most two statements, `plain` and
    `spread`, which somebody who tries a rule runs over hits of their own.
    """
    quiet = [(pair, state) for pair, state in found if state.dry_run or not state.incident_id]
    narrow = [(pair, state) for pair, state in quiet if state.spread <= 1]
    wide = [(pair, state) for pair, state in quiet if state.spread > 1]
    crossed = _crossed(plain, narrow) + _crossed(spread, wide)
    return [Crossed(pair, state, at, event_id) for (pair, state), at, event_id in crossed]


def _crossed(query: LiteralString, found: Sequence[Found]) -> list[tuple[Found, datetime, int]]:
    if not found:
        return []
    columns = [
        (n, pair.workspace_id, pair.rule_id, pair.group_key, pair.lo, pair.hi, state.counts_after,
         state.threshold, timedelta(seconds=state.window_seconds), state.spread)
        for n, (pair, state) in enumerate(found)
    ]  # fmt: skip
    crossed = rows(query, [list(column) for column in zip(*columns, strict=True)])
    return [(found[n], at, event_id) for n, at, event_id in crossed]


def with_members(workspace_id: int, crossed: Sequence[Crossed]) -> list[Crossing]:
    """One workspace's crossings in order of weight, each with its rule and the events it counts."""
    rules = DetectionRule.objects.of(workspace_id).in_bulk({pair.rule_id for pair, *_ in crossed})
    ordered = sorted(
        (Crossing(c.touched, c.state, rules[c.touched.rule_id], c.at, c.event_id) for c in crossed),
        key=by_weight,
    )
    for crossing, members in zip(ordered, members_of(ordered), strict=True):
        crossing.members.extend(members)
    # Somebody may have resolved their incident meanwhile: people do not wait for the lock.
    return [c for c in ordered if len(c.members) >= c.state.threshold]


def members_of(
    crossed: Sequence[Crossed | Crossing], query: LiteralString = windows.MEMBERS
) -> list[list[Member]]:
    """The events each crossing counts, oldest first: one statement, none without a crossing."""
    members: list[list[Member]] = [[] for _ in crossed]
    if not crossed:
        return members
    columns = [
        (n, c.touched.workspace_id, c.touched.rule_id, c.touched.group_key, window_start(c.at, c.state),
         c.state.counts_after, c.state.consecutive, c.at, c.event_id)
        for n, c in enumerate(crossed)
    ]  # fmt: skip
    for n, *member in rows(query, [list(column) for column in zip(*columns, strict=True)]):
        members[n].append(Member(*member))
    return members
