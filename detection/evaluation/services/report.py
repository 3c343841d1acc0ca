"""Telling incidents what was found, downhill, in the transaction that found it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from core.redaction import redact
from core.sql.prepared import Answer, rows, send, write
from detection.evaluation import windows
from detection.evaluation.findings import Crossing, description_of, title_of
from detection.models import Finding
from incidents.correlation.services.opening import Outcome, Signal, report_signals
from incidents.vocabulary import IncidentType, Severity


def link_events(workspace_id: int, members: Mapping[int, tuple[int, datetime]]) -> list[int]:
    """Count events (id -> incident, time) on incidents; answers those that no incident had before."""
    if not members:
        return []
    return [event_id for (event_id,) in _link(workspace_id, members).rows()]


def _link(workspace_id: int, members: Mapping[int, tuple[int, datetime]]) -> Answer:
    links = [
        {"event_id": event_id, "incident_id": i, "occurred_at": at} for event_id, (i, at) in members.items()
    ]
    return send(windows.LINK, [workspace_id, orjson.dumps(links).decode()])


def report_crossings(workspace_id: int, crossings: Sequence[Crossing], *, now: datetime) -> None:
    """Open or join an incident for each crossing, heaviest first; dry runs only leave a finding.

    A crossing that shares events with a heavier one goes to its incident; each event is counted once.
    Must run under the workspace's lock.
    """
    _write(workspace_id, [c for c in crossings if c.state.dry_run], [])
    acted = [c for c in crossings if not c.state.dry_run]
    if not acted:
        return
    samples = _samples(workspace_id, acted)
    owners: dict[int, int] = {}
    signals = [_signal(place, crossing, owners, samples) for place, crossing in enumerate(acted)]
    outcomes = report_signals(workspace_id, signals, now=now)
    times = {member.event_id: member.occurred_at for crossing in acted for member in crossing.members}
    fresh = {event_id: (outcomes[place].incident_id, times[event_id]) for event_id, place in owners.items()}
    if fresh:
        _link(workspace_id, fresh)
    _write(workspace_id, acted, outcomes)


def _signal(place: int, crossing: Crossing, owners: dict[int, int], samples: Mapping[int, str]) -> Signal:
    """The crossing as a signal; `owners` (event id -> place of the signal counting it) takes what is new."""
    rule, members = crossing.rule, crossing.members
    fresh = [m.event_id for m in members if m.incident_id is None and m.event_id not in owners]
    shared = next((m for m in members if m.incident_id is not None or m.event_id in owners), None)
    components = tuple(dict.fromkeys(member.source for member in members))
    signal = Signal(
        fingerprint=crossing.touched.fingerprint,
        reporter=f"rule:{rule.rule_id}",
        incident_type=IncidentType(rule.incident_type),
        severity=Severity(rule.severity),
        title=title_of(rule, crossing.touched.group_key, components),
        description=description_of(rule, len(members), samples.get(members[0].event_id, ""), components),
        started_at=members[0].occurred_at,
        last_at=members[-1].occurred_at,
        event_count=len(fresh),
        components=components,
        joins=shared.incident_id if shared else None,
        follows=owners.get(shared.event_id) if shared else None,
    )
    owners |= dict.fromkeys(fresh, place)
    return signal


def _samples(workspace_id: int, crossings: Sequence[Crossing]) -> dict[int, str]:
    first = [crossing.members[0].event_id for crossing in crossings]
    # Descriptions are read by everybody and sent on: what looks like a credential stays behind.
    return {pk: redact(message) for pk, message in rows(windows.SAMPLES, [workspace_id, first])}


def _write(workspace_id: int, crossings: Sequence[Crossing], outcomes: Sequence[Outcome]) -> None:
    found = [_finding(workspace_id, crossing) for crossing in crossings]
    for row, outcome in zip(found, outcomes, strict=False):
        row.incident_id = outcome.incident_id
        row.outcome = Finding.Outcome.OPENED if outcome.opened else Finding.Outcome.JOINED
    write(found, on_conflict="do nothing")


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
