"""From hits to incidents: drain what ingest touched, find crossed windows, open or join, in one transaction.

Looking is free of locks; acting takes an advisory lock on each workspace concerned and looks again, so
that however many workers drain at once, no event is counted twice and no crossing is missed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection, transaction
from django.utils import timezone

from detection import windows
from detection.findings import Crossing, Member, State, Touched, by_weight
from detection.models import DetectionRule
from detection.services.report import link_events, report_crossings
from incidents.services.opening import JoinedEvents, add_joined_events

DRAIN_ROWS = 2000
ADVISORY_SPACE = 0x70C51

Found = tuple[Touched, State]


def drain(slice_seconds: float = 1.0) -> bool:
    """Evaluate until nothing is waiting; answers whether the time was up before that."""
    until = time.monotonic() + slice_seconds
    while drain_once():
        if time.monotonic() >= until:
            return True
    return False


def drain_once() -> int:
    """One transaction: take up to 2,000 touched pairs, evaluate them, act. Answers how many were taken."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(windows.TAKE, [DRAIN_ROWS])
            rows = cursor.fetchall()
        if rows:
            evaluate(_merged(rows), now=timezone.now())
    return len(rows)


def _merged(rows: Iterable[tuple[int, int, str, list[int], list[datetime], list[str]]]) -> list[Touched]:
    pairs: dict[tuple[int, int, str], Touched] = {}
    for workspace_id, rule_id, group_key, event_ids, occurred, sources in rows:
        key = (workspace_id, rule_id, group_key)
        pair = pairs.get(key)
        if pair is None:
            pair = pairs[key] = Touched(workspace_id, rule_id, group_key, occurred[0], occurred[0])
        pair.lo, pair.hi = min(pair.lo, *occurred), max(pair.hi, *occurred)
        pair.events.update(zip(event_ids, occurred, strict=True))
        pair.sources.update(sources)
    return [pairs[key] for key in sorted(pairs)]


def evaluate(pairs: Sequence[Touched], *, now: datetime) -> None:
    """Act on every pair that needs it, one workspace after the other. Must run in a transaction."""
    found = states_of(pairs)
    pending = [pair for pair, _ in joining(found)] + [crossing.touched for crossing in crossings_of(found)]
    pending.sort(key=lambda pair: (pair.workspace_id, pair.rule_id, pair.group_key))
    by_workspace = groupby(pending, key=lambda pair: pair.workspace_id)
    for workspace_id, concerned in by_workspace:
        _act(workspace_id, list(concerned), now)


def _act(workspace_id: int, pairs: Sequence[Touched], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [ADVISORY_SPACE, workspace_id % 2**31])
    found = states_of(pairs)
    _join(workspace_id, joining(found))
    report_crossings(workspace_id, with_members(crossings_of(found)), now=now)


def states_of(pairs: Sequence[Touched]) -> list[Found]:
    """Each pair whose rule is enabled, with its state. One statement."""
    if not pairs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            windows.STATES,
            [
                list(range(len(pairs))),
                [pair.rule_id for pair in pairs],
                [pair.group_key for pair in pairs],
                [pair.fingerprint for pair in pairs],
            ],
        )
        return [(pairs[n], State(*state)) for n, *state in cursor.fetchall()]


def joining(found: Sequence[Found]) -> list[Found]:
    """Those whose new events belong to an incident that is still unresolved; a dry run joins nothing."""
    return [(pair, state) for pair, state in found if state.incident_id and not state.dry_run]


def crossings_of(found: Sequence[Found]) -> list[Crossing]:
    """The crossed windows of pairs without an unresolved incident: at most two statements."""
    quiet = [(pair, state) for pair, state in found if state.dry_run or not state.incident_id]
    plain = [(pair, state) for pair, state in quiet if state.spread <= 1]
    spread = [(pair, state) for pair, state in quiet if state.spread > 1]
    crossed = _crossed(windows.CROSSINGS, plain) + _crossed(windows.SPREAD_CROSSINGS, spread)
    rules = DetectionRule.across_workspaces.in_bulk({pair.rule_id for (pair, _), _, _ in crossed})
    return [
        Crossing(pair, state, rules[pair.rule_id], first_at, at) for (pair, state), first_at, at in crossed
    ]


def _crossed(query: str, found: Sequence[Found]) -> list[tuple[Found, datetime, datetime]]:
    if not found:
        return []
    columns = [
        (n, pair.workspace_id, pair.rule_id, pair.group_key, pair.lo, pair.hi, state.counts_after,
         state.threshold, timedelta(seconds=state.window_seconds), state.spread)
        for n, (pair, state) in enumerate(found)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(query, [list(column) for column in zip(*columns, strict=True)])
        return [(found[n], first_at, at) for n, first_at, at in cursor.fetchall()]


def with_members(crossings: Sequence[Crossing]) -> list[Crossing]:
    """The crossings in order of weight, each with the events it counts. One statement."""
    ordered = sorted(crossings, key=by_weight)
    if ordered:
        columns = [
            (n, c.touched.workspace_id, c.touched.rule_id, c.touched.group_key, c.since, c.state.counts_after)
            for n, c in enumerate(ordered)
        ]
        with connection.cursor() as cursor:
            cursor.execute(windows.MEMBERS, [list(column) for column in zip(*columns, strict=True)])
            for n, *member in cursor.fetchall():
                ordered[n].members.append(Member(*member))
    # Somebody may have resolved their incident between the two looks.
    return [c for c in ordered if len(c.members) >= c.state.threshold]


def _join(workspace_id: int, found: Sequence[Found]) -> None:
    """Link the new events of pairs to their unresolved incidents; an event two rules hit is counted once."""
    members: dict[int, tuple[int, datetime]] = {}
    for pair, state in found:
        for event_id, occurred_at in pair.events.items():
            if state.incident_id and occurred_at > state.counts_after:
                members.setdefault(event_id, (state.incident_id, occurred_at))
    linked = link_events(workspace_id, members)
    counted: dict[int, list[datetime]] = {}
    for event_id in linked:
        incident_id, occurred_at = members[event_id]
        counted.setdefault(incident_id, []).append(occurred_at)
    names: dict[int, set[str]] = {}
    for pair, state in found:
        names.setdefault(state.incident_id or 0, set()).update(pair.sources)
    add_joined_events(
        workspace_id,
        [
            JoinedEvents(incident_id, len(times), max(times), tuple(sorted(names[incident_id])))
            for incident_id, times in sorted(counted.items())
        ],
    )
