"""Evaluates pending groups and opens or joins incidents in one transaction.

Reading and acting happen under an advisory lock on the workspace, so that however many workers drain at once,
no event is counted twice and no crossing is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

import orjson

from core.sql.prepared import pipelined, rows, send
from detection.evaluation import windows
from detection.evaluation.evidence import (
    Found,
    RawCrossing,
    crossings_of,
    joining,
    members_of,
    states_of,
    with_members,
)
from detection.evaluation.findings import TouchedGroup, merged
from detection.evaluation.services.report import link_events, raise_measured, report_crossings
from incidents.correlation.services.counting import lock_incidents
from incidents.correlation.services.opening import JoinedEvents, add_joined_events

ADVISORY_SPACE = 0x70C51
# On a saturated machine a transaction of lower priority can hold an incident's row for long.
MAX_PUT_BACK: Final = timedelta(seconds=5)


@dataclass(slots=True)
class Evaluated:
    """The pairs whose events belong to an open incident, and those of them that were put back."""

    joined: list[TouchedGroup] = field(default_factory=list)
    put_back: list[TouchedGroup] = field(default_factory=list)


def evaluate(now: datetime, *, pairs: Sequence[TouchedGroup]) -> Evaluated:
    """Evaluate every pair, one workspace after the other.

    Must run in a transaction. The pairs are in order of workspace, rule and group, so that several workspaces
    are always locked in the same order. Pairs of open incidents younger than five seconds are put back if an
    incident is opened, or if theirs is locked, which an escalation may do for long.
    """
    done = Evaluated()
    for workspace_id, concerned in groupby(pairs, key=lambda pair: pair.workspace_id):
        _act(workspace_id, list(concerned), now, done)
    return done


def _act(workspace_id: int, pairs: Sequence[TouchedGroup], now: datetime, done: Evaluated) -> None:
    with pipelined():
        send("select pg_advisory_xact_lock(%s::int, %s::int)", [ADVISORY_SPACE, workspace_id % 2**31])
        found = states_of(pairs)
        found, crossed, events = _with_sharers(workspace_id, found, crossings_of(found))
        joins = joining(found)
        left = _left(workspace_id, joins, events, now)
        _put_back(left)
        waiting = {_key(pair) for pair in left}
        _join(workspace_id, [one for one in joins if _key(one[0]) not in waiting])
        report_crossings(workspace_id, with_members(workspace_id, crossed), now=now)
    done.joined += [pair for pair, _ in joins]
    done.put_back += left


def _left(workspace_id: int, joins: Sequence[Found], crossing: set[int], now: datetime) -> list[TouchedGroup]:
    """Return the recent pairs to put back.

    If there is a crossing, all but those that share events with it; otherwise those whose incident another
    transaction has locked. So opening an incident never waits for one that only grows, and no row is waited
    for while others are locked out of order, which could deadlock.
    """
    young = [one for one in joins if one[0].since and now - one[0].since < MAX_PUT_BACK]
    if crossing:
        return [pair for pair, _ in young if crossing.isdisjoint(pair.events)]
    if not young:
        return []
    ids = {state.incident_id or 0 for _, state in young}
    old = {state.incident_id or 0 for _, state in joins} - ids
    free = lock_incidents(workspace_id, waiting_for=sorted(old), if_free=sorted(ids))
    return [pair for pair, state in young if state.incident_id not in free]


def _put_back(pairs: Sequence[TouchedGroup]) -> None:
    if not pairs:
        return
    waiting = [
        {
            "created_at": pair.since, "workspace_id": pair.workspace_id, "rule_id": pair.rule_id,
            "group_key": pair.group_key, "event_ids": [*pair.events], "occurred": [*pair.events.values()],
            "sources": sorted(pair.sources),
        }
        for pair in pairs
    ]  # fmt: skip
    send(windows.PUT_BACK, [orjson.dumps(waiting).decode()])


def _with_sharers(
    workspace_id: int, found: list[Found], crossed: list[RawCrossing]
) -> tuple[list[Found], list[RawCrossing], set[int]]:
    """Add the pending pairs that share events with a crossing: theirs may be the incident it belongs to.

    Also returns the events of all crossings. A pair is read once: its further events, which a steady stream
    always has, are read with its members.
    """
    events: set[int] = set()
    known = {_key(one.touched) for one in crossed}
    fresh = crossed
    while fresh:
        shared = [member.event_id for members in members_of(fresh) for member in members]
        events.update(shared)
        more = states_of(merged(rows(windows.TAKE_SHARERS, [shared, workspace_id])))
        fresh = [one for one in crossings_of(more) if _key(one.touched) not in known]
        known |= {_key(one.touched) for one in fresh}
        found, crossed = found + more, crossed + fresh
    return found, crossed, events


def _key(pair: TouchedGroup) -> tuple[int, str]:
    return pair.rule_id, pair.group_key


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
    # Called with the counter locked: openings lock it before the rows of incidents.
    raise_measured(workspace_id, {event_id: members[event_id] for event_id in linked})
