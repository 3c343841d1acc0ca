"""Evaluates pending groups and opens or joins incidents in one transaction.

Reading and acting happen under an advisory lock on the workspace, so that however many workers drain at once,
no event is counted twice and no crossing is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

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
from incidents.correlation.services.opening import JoinedEvents, add_joined_events

ADVISORY_SPACE = 0x70C51


def evaluate(now: datetime, *, pairs: Sequence[TouchedGroup], more_waits: bool = False) -> list[TouchedGroup]:
    """Evaluate every pair, one workspace after the other; returns those that joined an incident.

    Must run in a transaction. The pairs are in order of workspace, rule and group, so that several workspaces
    are always locked in the same order. `more_waits`: other pairs touched by the same events may be pending.
    """
    joined: list[TouchedGroup] = []
    for workspace_id, concerned in groupby(pairs, key=lambda pair: pair.workspace_id):
        joined += _act(workspace_id, list(concerned), now, more_waits)
    return joined


def _act(
    workspace_id: int, pairs: Sequence[TouchedGroup], now: datetime, more_waits: bool
) -> list[TouchedGroup]:
    with pipelined():
        send("select pg_advisory_xact_lock(%s::int, %s::int)", [ADVISORY_SPACE, workspace_id % 2**31])
        found = states_of(pairs)
        crossed = crossings_of(found)
        if more_waits:
            found, crossed = _with_sharers(workspace_id, found, crossed)
        joins = joining(found)
        _join(workspace_id, joins)
        report_crossings(workspace_id, with_members(workspace_id, crossed), now=now)
    return [pair for pair, _ in joins]


def _with_sharers(
    workspace_id: int, found: list[Found], crossed: list[RawCrossing]
) -> tuple[list[Found], list[RawCrossing]]:
    """Add the pending pairs that share events with a crossing: theirs may be the incident it belongs to."""
    fresh = crossed
    while fresh:
        shared = [member.event_id for members in members_of(fresh) for member in members]
        more = states_of(merged(rows(windows.TAKE_SHARERS, [workspace_id, shared])))
        found, fresh = found + more, crossings_of(more)
        crossed = crossed + fresh
    return found, crossed


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
