"""From hits to incidents: drain what ingest touched, find crossed windows, open or join, in one transaction.

Looking and acting happen under an advisory lock on the workspace, so that however many workers drain at
once, no event is counted twice and no crossing is missed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.hot_sql import rows
from detection import windows
from detection.evidence import Found, crossings_of, joining, states_of, with_members
from detection.findings import Touched
from detection.services.report import link_events, report_crossings
from incidents.services.opening import JoinedEvents, add_joined_events

DRAIN_ROWS = 2000
ADVISORY_SPACE = 0x70C51


def drain(*, slice_seconds: float = 1.0) -> bool:
    """Evaluate until nothing is waiting; answers whether the time was up before that."""
    until = time.monotonic() + slice_seconds
    while drain_once():
        if time.monotonic() >= until:
            return True
    return False


def drain_once() -> int:
    """One transaction: take up to 2,000 touched pairs, evaluate them, act. Answers how many were taken."""
    with transaction.atomic():
        taken = rows(windows.TAKE, [DRAIN_ROWS])
        if taken:
            evaluate(timezone.now(), pairs=_merged(taken))
    return len(taken)


def _merged(taken: Iterable[tuple[Any, ...]]) -> list[Touched]:
    pairs: dict[tuple[int, int, str], Touched] = {}
    for workspace_id, rule_id, group_key, event_ids, occurred, sources in taken:
        key = (workspace_id, rule_id, group_key)
        pair = pairs.get(key)
        if pair is None:
            pair = pairs[key] = Touched(workspace_id, rule_id, group_key, occurred[0], occurred[0])
        pair.lo, pair.hi = min(pair.lo, *occurred), max(pair.hi, *occurred)
        pair.events.update(zip(event_ids, occurred, strict=True))
        pair.sources.update(sources)
    return [pairs[key] for key in sorted(pairs)]


def evaluate(now: datetime, *, pairs: Sequence[Touched]) -> None:
    """Act on every pair that needs it, one workspace after the other.

    Must run in a transaction. The pairs come in order of workspace, rule and group: whoever locks several
    workspaces does so in one order.
    """
    for workspace_id, concerned in groupby(pairs, key=lambda pair: pair.workspace_id):
        _act(workspace_id, list(concerned), now)


def _act(workspace_id: int, pairs: Sequence[Touched], now: datetime) -> None:
    rows("select pg_advisory_xact_lock(%s::int, %s::int)", [ADVISORY_SPACE, workspace_id % 2**31])
    found = states_of(pairs)
    _join(workspace_id, joining(found))
    report_crossings(workspace_id, with_members(workspace_id, crossings_of(found)), now=now)


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
