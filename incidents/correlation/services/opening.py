"""Opens incidents: in bulk from signals, or declared by people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor, system_actor
from accounts.audit.services import audit_entry, record_all
from accounts.models import AuditEntry
from accounts.permissions import Capability, require
from core.outbox.events import publish, publish_all
from core.reasons import Reason
from core.sql.prepared import insert, pipelined, write
from incidents.components.services.catalogue import mark_affected, marked_on
from incidents.correlation.detection_signals import JoinedEvents, Outcome, Signal
from incidents.correlation.services.attaching import attach, refuse_taken
from incidents.correlation.services.bulk_open import bulk_open
from incidents.correlation.services.correlator import Correlator
from incidents.correlation.services.counting import count_events
from incidents.correlation.services.growth import Counted, grown
from incidents.events import IncidentEventsJoined, IncidentOpened
from incidents.explain.models import Decision
from incidents.explain.recording import decision
from incidents.lifecycle.services.incident_numbers import lock_counter, locking_counter, take_numbers
from incidents.lifecycle.severity_matrix import default_severity
from incidents.models import Incident, IncidentCounter
from incidents.parsing import as_severity, as_type, parsed
from incidents.privacy.invitations import Reason as InvitationReason
from incidents.privacy.invitations import invite_actor
from incidents.selectors import incident_by_id
from incidents.sla.services.clock_rows import set_clocks
from incidents.sla.services.clocks import policy_of, set_deadlines
from incidents.timeline.services.timeline_entries import actor_json, actor_key, entry
from incidents.validation import (
    clean_detected_at,
    clean_fingerprints,
    clean_labels,
    clean_line,
    clean_metadata,
    clean_past,
    clean_text,
    clean_title,
    invalid,
)
from incidents.vocabulary import Basis, EntryKind, IncidentSource, IncidentType, Severity

__all__ = ["JoinedEvents", "Outcome", "Signal", "add_joined_events", "declare_incident", "report_signals"]

COMPONENTS = 200


def report_signals(
    workspace_id: int, signals: Sequence[Signal], *, now: datetime, actor: Actor | None = None
) -> list[Outcome]:
    """Open or join an incident for each signal, in order; returns one outcome per signal.

    A signal joins the unresolved incident that already has its fingerprint, else the unresolved one it names
    in `joins`, else that of the signal it `follows`, else it opens one. The number of statements does not
    grow with the number of signals. Must run in the caller's transaction, one workspace after the other in
    ascending id; the workspace's counter stays locked to its end. `actor` is the reporter, by default Tocsin
    itself. Raises TransactionManagementError outside a transaction.
    """
    if not signals:
        return []
    with pipelined():
        correlator = Correlator(workspace_id, signals, now)
        drafts = correlator.sort(signals)
        bulk_open(actor or system_actor(workspace_id), correlator, drafts)
    return [
        Outcome(draft.incident.pk, draft.incident.number, opened) for draft, opened in correlator.outcomes
    ]


def add_joined_events(workspace_id: int, joined: Sequence[JoinedEvents]) -> None:
    """Count newly linked events on existing incidents: no timeline entry, one live signal for all of them.

    Five statements, whatever the number of incidents; the same locks and requirements as `report_signals`.
    """
    if not joined:
        return
    with pipelined():
        locking_counter(workspace_id)
        counted = count_events(workspace_id, joined)
        marked = marked_on(workspace_id, [j.incident_id for j in joined])
        known = {row[0]: row for row in counted.rows()}
        touched = {(j.incident_id, name) for j in joined if j.incident_id in known for name in j.components}
        more = touched.difference(marked.rows())
        mark_affected(workspace_id, more)
        events = [
            IncidentEventsJoined(workspace_id, numbers) for numbers in _grouped_by_visibility(known.values())
        ]
        publish_all([*events, *grown(workspace_id, known.values(), more)])


def _grouped_by_visibility(counted: Collection[Counted]) -> list[tuple[int, ...]]:
    """Return the incident numbers of each event: visible ones together, each private one alone."""
    public = tuple(sorted(one[1] for one in counted if not one[-1]))
    private: list[tuple[int, ...]] = [(one[1],) for one in counted if one[-1]]
    return [public, *private] if public or not private else private


def declare_incident(
    actor: Actor,
    *,
    title: str,
    severity: Severity | str | None = None,
    incident_type: IncidentType | str = IncidentType.OTHER,
    description: str = "",
    components: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    source: str = IncidentSource.DECLARED,
    started_at: datetime | None = None,
    detected_at: datetime | None = None,
    metadata: Mapping[str, Any] | None = None,
    signals: Sequence[str] = (),
    is_drill: bool = False,
    is_private: bool = False,
    request_key: str = "",
) -> Incident:
    """Open an incident that a person or a machine declares.

    `detected_at`: when it was noticed, at most seven days ago; default now. `started_at`: when the problem
    began, at most ten years ago and not after `detected_at`, which is its default. `signals`: up to 50
    fingerprints whose later findings join this incident. Without a `severity`, the severity matrix decides by
    the type: sev3 for an incident with only a title. `request_key` (up to 200 characters, one line) is an
    idempotency key: repeated by the same actor, it returns the first incident, whatever else is sent. Raises
    Forbidden, Invalid naming the field, and Conflict naming the open incident that has one of `signals`.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    now, kind = timezone.now(), as_type(incident_type)
    noticed = clean_detected_at(detected_at, now)
    incident = Incident(
        workspace_id=actor.workspace_id,
        title=clean_title(title),
        description=clean_text("description", description),
        severity=default_severity(kind) if severity is None else as_severity(severity),
        incident_type=kind,
        type_basis=Basis.LEVEL if kind == IncidentType.OTHER else Basis.PERSON,
        severity_basis=Basis.LEVEL if severity is None else Basis.PERSON,
        labels=clean_labels(labels or {}),
        source=parsed("source", source, IncidentSource, IncidentSource),
        metadata=clean_metadata(metadata or {}),
        started_at=_began(started_at, noticed, now),
        detected_at=noticed,
        updated_at=now,
        is_drill=is_drill,
        is_private=is_private,
        request_key=_request_digest(actor, request_key),
    )
    return _declare_once(actor, incident, _component_names(components), clean_fingerprints(signals))


def _declare_once(
    actor: Actor, incident: Incident, components: Sequence[str], fingerprints: Sequence[str]
) -> Incident:
    """Return the incident of an earlier declaration with this key, or this one, stored; with details."""
    with transaction.atomic():
        counter = lock_counter(actor.workspace_id)
        if first := _declared_before(actor.workspace_id, incident.request_key):
            return incident_by_id(actor.workspace_id, first)
        refuse_taken(actor, fingerprints)
        incident.is_drill = incident.is_drill or counter.opens_drills
        _open(actor, counter, incident, components)
        attach(incident, fingerprints, incident.updated_at)
    return incident_by_id(actor.workspace_id, incident.pk)


def _began(started_at: datetime | None, noticed: datetime, now: datetime) -> datetime:
    """Return when the problem began, at the latest when it was noticed.

    Raises Invalid naming `started_at`.
    """
    if started_at is None:
        return noticed
    began = clean_past("started_at", started_at, now)
    if began > noticed:
        raise invalid("started_at", "order", "must not be later than detected_at")
    return began


def declared_with(actor: Actor, request_key: str) -> Incident | None:
    """Return the incident this actor declared with that key, or None.

    The counter stays locked, so None stays true. Must run in the caller's transaction. Raises Forbidden, and
    Invalid naming `request_key`.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    digest = _request_digest(actor, request_key)
    lock_counter(actor.workspace_id)
    pk = _declared_before(actor.workspace_id, digest)
    return None if pk is None else incident_by_id(actor.workspace_id, pk)


def _request_digest(actor: Actor, key: str) -> str:
    """Return the stored form of a request key: 64 hex digits, specific to the actor; "" for none.

    Raises Invalid.
    """
    if not key:
        return ""
    return sha256(f"{actor_key(actor)}\n{clean_line('request_key', key)}".encode()).hexdigest()


def _declared_before(workspace_id: int, digest: str) -> int | None:
    """Return the id of the incident that such a declaration created; called under the counter's lock."""
    if not digest:
        return None
    same = Incident.objects.of(workspace_id).filter(request_key=digest)
    found: int | None = same.values_list("pk", flat=True).first()
    return found


def _component_names(components: Sequence[str]) -> list[str]:
    if isinstance(components, str) or len(components) > COMPONENTS:
        raise invalid("components", "max_items", f"must be a list of at most {COMPONENTS} names")
    return [clean_line(f"components[{index}]", name) for index, name in enumerate(components)]


def _open(actor: Actor, counter: IncidentCounter, incident: Incident, components: Sequence[str]) -> None:
    """Store it with everything about its opening; only its id is waited for."""
    set_deadlines(incident, policy_of(actor.workspace_id)[Severity(incident.severity)])
    with pipelined():
        [incident.number] = take_numbers(counter, 1)
        insert([incident])
        set_clocks(incident.workspace_id, [incident.pk])
        if incident.is_private:
            invite_actor(incident, actor, InvitationReason.DECLARED)
        mark_affected(actor.workspace_id, [(incident.pk, name) for name in components])
        message = f"Declared by {actor.label}: {incident.title}"
        write([entry(actor, incident, EntryKind.DETECTED, message, at=incident.detected_at)])
        declared = decision(
            actor.workspace_id, f"declared:{incident.pk}", stage=Decision.Stage.DETECTION,
            verdict=Decision.Verdict.OPENED, reason=Reason.DECLARED, incident_id=incident.pk,
            subject=actor.label,
        )  # fmt: skip
        write([declared], on_conflict="do nothing")
        record_all(actor, [_declaration(actor, incident)])
        ids = (actor.workspace_id, incident.pk, incident.number, incident.version)
        opened = IncidentOpened(*ids, str(incident.severity), str(incident.source), incident.is_drill)
        publish(opened, actor=actor_json(actor))


def _declaration(actor: Actor, incident: Incident) -> AuditEntry:
    summary = f"{actor.label} declared {incident.reference} ({incident.severity}): {incident.title}"
    at, noticed = incident.updated_at.isoformat(), incident.detected_at.isoformat()
    changes = {} if at == noticed else {"detected_at": [at, noticed]}
    return audit_entry(actor, action="incident.declare", target=incident, summary=summary, changes=changes)
