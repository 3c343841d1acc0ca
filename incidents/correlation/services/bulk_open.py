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


def bulk_open(actor: Actor, correlator: Correlator, drafts: Sequence[IncidentDraft]) -> None:
    """Write incidents, signals, components, timeline, audit and outbox."""
    named = [(draft, name) for draft in drafts for signal in draft.signals for name in signal.components]
    joined_ids = [draft.incident.pk for draft in drafts if not draft.is_new]
    marked = marked_on(correlator.workspace_id, joined_ids) if joined_ids else None
    component_ids = request_component_ids(correlator.workspace_id, {name for _, name in named})
    _write_incidents(correlator, drafts)
    moved = [draft.incident.pk for draft in drafts if draft.is_new or draft.severity_before]
    set_clocks(correlator.workspace_id, moved)
    _write_signals(correlator.workspace_id, drafts)
    mark_affected(
        correlator.workspace_id, {(draft.incident.pk, name) for draft, name in named}, component_ids()
    )
    write([*chain.from_iterable(_entries(actor, correlator, draft) for draft in drafts)])
    write([*_decisions(correlator)], on_conflict="do nothing")
    record_all(actor, [row for draft in drafts for row in _audit(actor, draft)])
    more = {(draft.incident.pk, name) for draft, name in named if not draft.is_new}
    publish_all(
        [
            *chain.from_iterable(_events(correlator.workspace_id, draft) for draft in drafts),
            *grown(
                correlator.workspace_id, _counts(drafts), more.difference(marked.rows() if marked else ())
            ),
            *_counted(correlator, drafts),
        ],
        actor=actor_json(actor),
    )


def _counts(drafts: Sequence[IncidentDraft]) -> Iterator[Counted]:
    for draft in drafts:
        if not draft.is_new:
            incident, added = draft.incident, sum(signal.event_count for signal in draft.signals)
            after = incident.event_count
            yield incident.pk, incident.number, incident.version, after - added, after, incident.is_private


def _write_incidents(correlator: Correlator, drafts: Sequence[IncidentDraft]) -> None:
    opened = [draft.incident for draft in drafts if draft.is_new]
    joined = [draft.incident for draft in drafts if not draft.is_new]
    if opened:
        for incident, number in zip(opened, take_numbers(correlator.counter, len(opened)), strict=True):
            incident.number = number
        insert(opened)
    update(joined, _JOINED_FIELDS)


def _write_signals(workspace_id: int, drafts: Sequence[IncidentDraft]) -> None:
    rows = {}
    for draft in drafts:
        for signal in draft.signals:
            rows[draft.incident.pk, signal.fingerprint] = IncidentSignal(
                workspace_id=workspace_id,
                incident=draft.incident,
                fingerprint=signal.fingerprint,
                reporter=signal.reporter[:120],
                first_at=signal.started_at,
                last_at=draft.last_seen[signal.fingerprint],
            )
    known = "(incident_id, fingerprint) do update set last_at = excluded.last_at"
    write([*rows.values()], on_conflict=known)


def _decisions(correlator: Correlator) -> Iterator[Decision]:
    """Return why each signal opened or joined its incident: one per signal, incident and reason."""
    for (draft, opened), reason, signal in zip(
        correlator.outcomes, correlator.reasons, correlator.signals, strict=True
    ):
        yield decision(
            correlator.workspace_id,
            f"signal:{draft.incident.pk}:{signal.fingerprint}:{reason}",
            stage=Decision.Stage.DETECTION,
            verdict=Decision.Verdict.OPENED if opened else Decision.Verdict.JOINED,
            reason=reason,
            incident_id=draft.incident.pk,
            at=correlator.now,
            subject=signal.reporter_words,
            data={
                "reporter": signal.reporter,
                "event_count": signal.event_count,
                "title": signal.title[:200],
            },
        )


def _entries(actor: Actor, correlator: Correlator, draft: IncidentDraft) -> Iterator[TimelineEntry]:
    incident = draft.incident
    if draft.is_new:
        first = draft.signals[0]
        message = (
            first.note or f"Detected by {first.reporter_words} after {_events_words(first.event_count)}."
        )
        yield entry(actor, incident, EntryKind.DETECTED, message, at=correlator.now, reporter=first.reporter)
    for signal in draft.newcomers:
        message = signal.note or f"Also found by {signal.reporter_words}: {signal.title}"
        yield entry(actor, incident, EntryKind.EVENT, message, at=correlator.now, reporter=signal.reporter)
    for signal in draft.news:
        yield entry(
            actor, incident, EntryKind.EVENT, signal.note, at=correlator.now, reporter=signal.reporter
        )
    if pair := _types(draft):
        message = f"Type changed from {pair[0].label} to {pair[1].label} by a more specific finding."
        yield entry(actor, incident, EntryKind.CHANGE, message, at=correlator.now, fields=["incident_type"])
    if severities := _severities(draft):
        change: dict[str, Any] = {"from": severities[0].value, "to": severities[1].value}
        yield entry(
            actor,
            incident,
            EntryKind.SEVERITY_CHANGE,
            _severity_words(draft, *severities),
            at=correlator.now,
            **change,
        )


def _types(draft: IncidentDraft) -> tuple[IncidentType, IncidentType] | None:
    """Return the incident's type before and after, or None if it did not change."""
    after = IncidentType(draft.incident.incident_type)
    return (draft.type_before, after) if draft.type_before and draft.type_before != after else None


def _severities(draft: IncidentDraft) -> tuple[Severity, Severity] | None:
    """Return the severity before and after, or None if it did not change."""
    after = Severity(draft.incident.severity)
    return (
        (draft.severity_before, after) if draft.severity_before and draft.severity_before != after else None
    )


def _severity_words(draft: IncidentDraft, before: Severity, after: Severity) -> str:
    verb = "raised" if is_heavier(after, before) else "lowered"
    if draft.escalation:
        why = escalation_words(draft.escalation, draft.facts)
    else:
        why = f"{IncidentType(draft.incident.incident_type).label} starts at {after.label}"
    return f"Severity {verb} from {before} to {after}: {why}."


def _events_words(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _audit(actor: Actor, draft: IncidentDraft) -> Iterator[AuditEntry]:
    incident = draft.incident
    if draft.is_new:
        summary = f"{incident.reference} opened by {draft.signals[0].reporter_words}: {incident.title}"
        yield audit_entry(actor, action="incident.open", target=incident, summary=summary)
    if draft.newcomers:
        names = ", ".join(signal.reporter for signal in draft.newcomers)
        summary = f"{incident.reference} joined by {names}"
        changes = _changes(draft)
        yield audit_entry(actor, action="incident.join", target=incident, summary=summary, changes=changes)


def _changes(draft: IncidentDraft) -> dict[str, list[Any]]:
    pairs = {"severity": _severities(draft), "incident_type": _types(draft)}
    return {name: [str(value) for value in pair] for name, pair in pairs.items() if pair}


def _events(workspace_id: int, draft: IncidentDraft) -> Iterator[DomainEvent]:
    incident = draft.incident
    pk, number, version = incident.pk, incident.number, incident.version
    severity = str(incident.severity)
    if draft.is_new:
        opened = (workspace_id, pk, number, version, severity, str(incident.source), incident.is_drill)
        yield IncidentOpened(*opened)
    for signal in draft.newcomers:
        yield IncidentSignalled(workspace_id, pk, number, version, signal.reporter)
    if (severities := _severities(draft)) and not draft.is_new:
        yield IncidentSeverityChanged(workspace_id, pk, number, version, severities[0].value, severity)


def _counted(correlator: Correlator, drafts: Sequence[IncidentDraft]) -> Iterator[DomainEvent]:
    numbers = tuple(
        sorted(draft.incident.number for draft in drafts if not draft.is_new and not draft.newcomers)
    )
    if numbers:
        yield IncidentEventsJoined(correlator.workspace_id, numbers)
