"""Telling incidents what was found, downhill, in the transaction that found it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from core.hot_sql import rows
from detection import windows
from detection.findings import Crossing, description_of, title_of
from detection.models import Finding
from incidents.services.opening import Outcome, Signal, report_signals
from incidents.vocabulary import IncidentType, Severity


def link_events(workspace_id: int, members: Mapping[int, tuple[int, datetime]]) -> list[int]:
    """Count events (id -> incident, time) on incidents; answers those that no incident had before."""
    if not members:
        return []
    links = [
        {"event_id": event_id, "incident_id": i, "occurred_at": at} for event_id, (i, at) in members.items()
    ]
    return [event_id for (event_id,) in rows(windows.LINK, [workspace_id, orjson.dumps(links).decode()])]


def report_crossings(workspace_id: int, crossings: Sequence[Crossing], *, now: datetime) -> None:
    """Open or join an incident for each crossing, heaviest first; dry runs only leave a finding.

    Crossings that share events with an earlier one join its incident: they go in a later round, when that
    incident has an id. Must run under the workspace's lock.
    """
    _write(workspace_id, [c for c in crossings if c.state.dry_run], [])
    waiting = [c for c in crossings if not c.state.dry_run]
    owners: dict[int, int] = {}
    while waiting:
        claimed: set[int] = set()
        ready: list[Crossing] = []
        later: list[Crossing] = []
        for crossing in waiting:
            ids = {member.event_id for member in crossing.members}
            (ready if claimed.isdisjoint(ids) else later).append(crossing)
            claimed |= ids
        _report(workspace_id, ready, owners, now)
        waiting = later


def _report(workspace_id: int, crossings: Sequence[Crossing], owners: dict[int, int], now: datetime) -> None:
    samples = _samples(workspace_id, crossings)
    signals = [_signal(crossing, owners, samples) for crossing in crossings]
    outcomes = report_signals(workspace_id, signals, now=now)
    fresh: dict[int, tuple[int, datetime]] = {}
    for crossing, outcome in zip(crossings, outcomes, strict=True):
        for member in crossing.members:
            if member.incident_id is None and member.event_id not in owners:
                fresh[member.event_id] = (outcome.incident_id, member.occurred_at)
                owners[member.event_id] = outcome.incident_id
    link_events(workspace_id, fresh)
    _write(workspace_id, crossings, outcomes)


def _signal(crossing: Crossing, owners: Mapping[int, int], samples: Mapping[int, str]) -> Signal:
    rule, members = crossing.rule, crossing.members
    held = [m.incident_id or owners.get(m.event_id) for m in members]
    components = tuple(dict.fromkeys(member.source for member in members))
    return Signal(
        fingerprint=crossing.touched.fingerprint,
        reporter=f"rule:{rule.rule_id}",
        incident_type=IncidentType(rule.incident_type),
        severity=Severity(rule.severity),
        title=title_of(rule, crossing.touched.group_key, components),
        description=description_of(rule, len(members), samples.get(members[0].event_id, ""), components),
        started_at=members[0].occurred_at,
        last_at=members[-1].occurred_at,
        event_count=held.count(None),
        components=components,
        joins=next((incident_id for incident_id in held if incident_id is not None), None),
    )


def _samples(workspace_id: int, crossings: Sequence[Crossing]) -> dict[int, str]:
    first = [crossing.members[0].event_id for crossing in crossings]
    return dict(rows(windows.SAMPLES, [workspace_id, first]))


def _write(workspace_id: int, crossings: Sequence[Crossing], outcomes: Sequence[Outcome]) -> None:
    found = [_finding(workspace_id, crossing) for crossing in crossings]
    for row, outcome in zip(found, outcomes, strict=False):
        row.incident_id = outcome.incident_id
        row.outcome = Finding.Outcome.OPENED if outcome.opened else Finding.Outcome.JOINED
    Finding.objects.bulk_create(found, ignore_conflicts=True)


def _finding(workspace_id: int, crossing: Crossing) -> Finding:
    window = crossing.window
    return Finding(
        workspace_id=workspace_id,
        rule=crossing.rule,
        group_key=crossing.touched.group_key,
        window_start=window[0].occurred_at,
        window_end=crossing.at,
        event_count=len(window),
        outcome=Finding.Outcome.DRY_RUN,
    )
