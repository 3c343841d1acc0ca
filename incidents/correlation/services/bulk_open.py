"""Writes correlated signals with a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from accounts.actor import Actor
from accounts.audit.services import audit_entry, record_all
from accounts.models import AuditEntry
from core.outbox.events import DomainEvent, publish_all
from core.sql.prepared import insert, update, write
from incidents.components.services.catalogue import mark_affected, marked_on, request_component_ids
from incidents.correlation.services.correlator import Correlator, IncidentDraft
from incidents.correlation.services.growth import Counted, grown
from incidents.correlation.type_and_severity import is_heavier
from incidents.events import IncidentEventsJoined, IncidentOpened, IncidentSeverityChanged, IncidentSignalled
from incidents.explain.models import Decision
from incidents.explain.recording import decision
from incidents.lifecycle.services.incident_numbers import take_numbers
from incidents.lifecycle.severity_matrix import escalation_words
from incidents.models import IncidentSignal, TimelineEntry
from incidents.sla.services.clock_rows import set_clocks
from incidents.timeline.services.timeline_entries import actor_json, entry
from incidents.vocabulary import EntryKind, IncidentType, Severity

_JOINED_FIELDS = (
    "event_count", "last_event_at", "title", "incident_type", "type_basis", "severity", "severity_basis",
    "acknowledge_due_at", "update_due_at", "resolve_due_at", "version", "updated_at",
)  # fmt: skip


def bulk_open(actor: Actor, desk: Correlator, cases: Sequence[IncidentDraft]) -> None:
    """Write incidents, signals, components, timeline, audit and outbox."""
    named = [(case, name) for case in cases for signal in case.signals for name in signal.components]
    joined_ids = [case.incident.pk for case in cases if not case.is_new]
    marked = marked_on(desk.workspace_id, joined_ids) if joined_ids else None
    component_ids = request_component_ids(desk.workspace_id, {name for _, name in named})
    _write_incidents(desk, cases)
    moved = [case.incident.pk for case in cases if case.is_new or case.severity_before]
    set_clocks(desk.workspace_id, moved)
    _write_signals(desk.workspace_id, cases)
    mark_affected(desk.workspace_id, {(case.incident.pk, name) for case, name in named}, component_ids())
    write([*chain.from_iterable(_entries(actor, desk, case) for case in cases)])
    write([*_decisions(desk)], on_conflict="do nothing")
    record_all(actor, [row for case in cases for row in _audit(actor, case)])
    more = {(case.incident.pk, name) for case, name in named if not case.is_new}
    publish_all(
        [
            *chain.from_iterable(_events(desk.workspace_id, case) for case in cases),
            *grown(desk.workspace_id, _counts(cases), more.difference(marked.rows() if marked else ())),
            *_counted(desk, cases),
        ],
        actor=actor_json(actor),
    )


def _counts(cases: Sequence[IncidentDraft]) -> Iterator[Counted]:
    for case in cases:
        if not case.is_new:
            incident, added = case.incident, sum(signal.event_count for signal in case.signals)
            after = incident.event_count
            yield incident.pk, incident.number, incident.version, after - added, after, incident.is_private


def _write_incidents(desk: Correlator, cases: Sequence[IncidentDraft]) -> None:
    opened = [case.incident for case in cases if case.is_new]
    joined = [case.incident for case in cases if not case.is_new]
    if opened:
        for incident, number in zip(opened, take_numbers(desk.counter, len(opened)), strict=True):
            incident.number = number
        insert(opened)
    update(joined, _JOINED_FIELDS)


def _write_signals(workspace_id: int, cases: Sequence[IncidentDraft]) -> None:
    rows = {}
    for case in cases:
        for signal in case.signals:
            rows[case.incident.pk, signal.fingerprint] = IncidentSignal(
                workspace_id=workspace_id,
                incident=case.incident,
                fingerprint=signal.fingerprint,
                reporter=signal.reporter[:120],
                first_at=signal.started_at,
                last_at=case.last_seen[signal.fingerprint],
            )
    known = "(incident_id, fingerprint) do update set last_at = excluded.last_at"
    write([*rows.values()], on_conflict=known)


def _decisions(desk: Correlator) -> Iterator[Decision]:
    """Why each signal opened or joined its incident: once for a signal, an incident and a reason."""
    for (case, opened), reason, signal in zip(desk.answers, desk.reasons, desk.signals, strict=True):
        yield decision(
            desk.workspace_id,
            f"signal:{case.incident.pk}:{signal.fingerprint}:{reason}",
            stage=Decision.Stage.DETECTION,
            verdict=Decision.Verdict.OPENED if opened else Decision.Verdict.JOINED,
            reason=reason,
            incident_id=case.incident.pk,
            at=desk.now,
            subject=signal.reporter_words,
            data={
                "reporter": signal.reporter,
                "event_count": signal.event_count,
                "title": signal.title[:200],
            },
        )


def _entries(actor: Actor, desk: Correlator, case: IncidentDraft) -> Iterator[TimelineEntry]:
    incident = case.incident
    if case.is_new:
        first = case.signals[0]
        message = (
            first.note or f"Detected by {first.reporter_words} after {_events_words(first.event_count)}."
        )
        yield entry(actor, incident, EntryKind.DETECTED, message, at=desk.now, reporter=first.reporter)
    for signal in case.newcomers:
        message = signal.note or f"Also found by {signal.reporter_words}: {signal.title}"
        yield entry(actor, incident, EntryKind.EVENT, message, at=desk.now, reporter=signal.reporter)
    for signal in case.news:
        yield entry(actor, incident, EntryKind.EVENT, signal.note, at=desk.now, reporter=signal.reporter)
    if pair := _types(case):
        message = f"Type changed from {pair[0].label} to {pair[1].label} by a more specific finding."
        yield entry(actor, incident, EntryKind.CHANGE, message, at=desk.now, fields=["incident_type"])
    if severities := _severities(case):
        change: dict[str, Any] = {"from": severities[0].value, "to": severities[1].value}
        yield entry(
            actor,
            incident,
            EntryKind.SEVERITY_CHANGE,
            _severity_words(case, *severities),
            at=desk.now,
            **change,
        )


def _types(case: IncidentDraft) -> tuple[IncidentType, IncidentType] | None:
    """The incident's type before and after, or None when it is what it was."""
    after = IncidentType(case.incident.incident_type)
    return (case.type_before, after) if case.type_before and case.type_before != after else None


def _severities(case: IncidentDraft) -> tuple[Severity, Severity] | None:
    """The severity before and after, or None when it is what it was."""
    after = Severity(case.incident.severity)
    return (case.severity_before, after) if case.severity_before and case.severity_before != after else None


def _severity_words(case: IncidentDraft, before: Severity, after: Severity) -> str:
    verb = "raised" if is_heavier(after, before) else "lowered"
    if case.escalation:
        why = escalation_words(case.escalation, case.facts)
    else:
        why = f"{IncidentType(case.incident.incident_type).label} starts at {after.label}"
    return f"Severity {verb} from {before} to {after}: {why}."


def _events_words(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _audit(actor: Actor, case: IncidentDraft) -> Iterator[AuditEntry]:
    incident = case.incident
    if case.is_new:
        summary = f"{incident.reference} opened by {case.signals[0].reporter_words}: {incident.title}"
        yield audit_entry(actor, action="incident.open", target=incident, summary=summary)
    if case.newcomers:
        names = ", ".join(signal.reporter for signal in case.newcomers)
        summary = f"{incident.reference} joined by {names}"
        changes = _changes(case)
        yield audit_entry(actor, action="incident.join", target=incident, summary=summary, changes=changes)


def _changes(case: IncidentDraft) -> dict[str, list[Any]]:
    pairs = {"severity": _severities(case), "incident_type": _types(case)}
    return {name: [str(value) for value in pair] for name, pair in pairs.items() if pair}


def _events(workspace_id: int, case: IncidentDraft) -> Iterator[DomainEvent]:
    incident = case.incident
    pk, number, version = incident.pk, incident.number, incident.version
    severity = str(incident.severity)
    if case.is_new:
        opened = (workspace_id, pk, number, version, severity, str(incident.source), incident.is_drill)
        yield IncidentOpened(*opened)
    for signal in case.newcomers:
        yield IncidentSignalled(workspace_id, pk, number, version, signal.reporter)
    if (severities := _severities(case)) and not case.is_new:
        yield IncidentSeverityChanged(workspace_id, pk, number, version, severities[0].value, severity)


def _counted(desk: Correlator, cases: Sequence[IncidentDraft]) -> Iterator[DomainEvent]:
    numbers = tuple(sorted(case.incident.number for case in cases if not case.is_new and not case.newcomers))
    if numbers:
        yield IncidentEventsJoined(desk.workspace_id, numbers)
