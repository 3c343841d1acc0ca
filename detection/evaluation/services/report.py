"""Reports crossed windows to incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from core.redaction import redact
from core.sql.prepared import Result, rows, send, write
from detection.evaluation import windows
from detection.evaluation.findings import (
    Crossing,
    Stored,
    Verdict,
    by_weight,
    description_of,
    ids_to_read,
    title_of,
    verdict_of_crossing,
)
from detection.models import Finding
from detection.rules.event_types import FACT_NAMES, facts_in
from incidents.correlation.services.opening import Outcome, Signal, report_signals
from incidents.lifecycle.services.escalating import raise_by_facts
from incidents.lifecycle.severity_matrix import EVENT_METRICS, TYPES_BY_METRIC, Fact, worst_facts
from incidents.vocabulary import SEVERITY_RANK, Basis

# Events may be dated up to five minutes after their arrival; twice that is safe.
AHEAD: Final = timedelta(minutes=10)
MEASURED_TYPES: Final = tuple(str(kind) for metric in EVENT_METRICS for kind in TYPES_BY_METRIC[metric])


def link_events(workspace_id: int, members: Mapping[int, tuple[int, datetime]]) -> list[int]:
    """Link events (id -> incident, time) to incidents; returns those that no incident had before."""
    if not members:
        return []
    return [event_id for (event_id,) in _link(workspace_id, members).rows()]


def _link(workspace_id: int, members: Mapping[int, tuple[int, datetime]]) -> Result:
    links = [
        {"event_id": event_id, "incident_id": i, "occurred_at": at} for event_id, (i, at) in members.items()
    ]
    return send(windows.LINK, [workspace_id, orjson.dumps(links).decode()])


def report_crossings(workspace_id: int, crossings: Sequence[Crossing], *, now: datetime) -> None:
    """Open or join an incident for each crossing, most specific first; dry runs only write a finding.

    A crossing that shares events with an earlier one goes to its incident; each event is counted once. Must
    run under the workspace's lock.
    """
    _write(workspace_id, [c for c in crossings if c.state.dry_run], [])
    acted = [c for c in crossings if not c.state.dry_run]
    if not acted:
        return
    stored = _stored(workspace_id, acted)
    by_verdict = sorted(((verdict_of_crossing(one, stored), one) for one in acted), key=_by_verdict)
    acted = [crossing for _, crossing in by_verdict]
    owners: dict[int, int] = {}
    signals = [
        _signal(place, crossing, owners, verdict, _sample(crossing, stored))
        for place, (verdict, crossing) in enumerate(by_verdict)
    ]
    outcomes = report_signals(workspace_id, signals, now=now)
    times = {member.event_id: member.occurred_at for crossing in acted for member in crossing.members}
    fresh = {event_id: (outcomes[place].incident_id, times[event_id]) for event_id, place in owners.items()}
    if fresh:
        _link(workspace_id, fresh)
    _write(workspace_id, acted, outcomes)


def _by_verdict(pair: tuple[Verdict, Crossing]) -> tuple[Any, ...]:
    verdict, crossing = pair
    return -verdict.basis, SEVERITY_RANK[verdict.severity], *by_weight(crossing)


def _signal(place: int, crossing: Crossing, owners: dict[int, int], verdict: Verdict, sample: str) -> Signal:
    """Return the crossing as a signal; `owners` (event id -> index of its signal) takes new events."""
    rule, members = crossing.rule, crossing.members
    fresh = [m.event_id for m in members if m.incident_id is None and m.event_id not in owners]
    shared = next((m for m in members if m.incident_id is not None or m.event_id in owners), None)
    components = tuple(dict.fromkeys(member.source for member in members))
    signal = Signal(
        fingerprint=crossing.touched.fingerprint,
        reporter=f"rule:{rule.rule_id}",
        reporter_name=rule.name,
        incident_type=verdict.incident_type,
        severity=verdict.severity,
        type_basis=verdict.basis,
        severity_basis=verdict.basis,
        facts=verdict.facts,
        title=title_of(rule, crossing.touched.group_key, components, verdict.incident_type),
        description=description_of(rule, len(members), sample, components),
        started_at=members[0].occurred_at,
        last_at=members[-1].occurred_at,
        event_count=len(fresh),
        components=components,
        joins=shared.incident_id if shared else None,
        follows=owners.get(shared.event_id) if shared else None,
    )
    owners |= dict.fromkeys(fresh, place)
    return signal


def _stored(workspace_id: int, crossings: Sequence[Crossing]) -> Stored:
    """Return the texts of the events that determine type and severity, with the metadata of measurements."""
    wanted = sorted({event_id for crossing in crossings for event_id in ids_to_read(crossing)})
    since = min(crossing.members[0].occurred_at for crossing in crossings) - AHEAD
    found = rows(windows.EVENT_TEXTS, [[*FACT_NAMES], workspace_id, wanted, since])
    return {pk: (kind, message, metadata) for pk, kind, message, metadata in found}


def _sample(crossing: Crossing, stored: Stored) -> str:
    """Return the first event's message with credentials masked, since descriptions are widely visible."""
    first = stored.get(crossing.members[0].event_id)
    return redact(first[1]) if first else ""


def raise_measured(workspace_id: int, linked: Mapping[int, tuple[int, datetime]]) -> None:
    """Raise the severity of incidents by measurements in their newly linked events (id -> incident, time)."""
    if not linked:
        return
    since = min(at for _, at in linked.values()) - AHEAD
    homes = [incident_id for incident_id, _ in linked.values()]
    events = [*linked]
    params = [workspace_id, events, since, [*FACT_NAMES], events, homes, [*MEASURED_TYPES], Basis.PERSON]
    found = rows(windows.MEASURED, params)
    measured: dict[int, list[dict[str, Fact]]] = {}
    for incident_id, metadata in found:
        measured.setdefault(incident_id, []).append(facts_in(metadata))
    raise_by_facts(workspace_id, {one: worst_facts(facts) for one, facts in measured.items()})


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
