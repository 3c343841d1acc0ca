"""Stores a parsed request: events, alerts, changes and faults, in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Scope
from accounts.permissions import Capability, require
from core.errors import Invalid, Problem
from detection.ingest.parsing import Batch, Fault, parse_elements
from detection.ingest.services.accept_events import as_problem, retention, store_events
from detection.models import Source
from detection.quarantine.services.quarantine import quarantine
from detection.sources.services.changes import keep_changes
from detection.sources.services.source_words import note_words
from detection.sources.services.subscriptions import note_subscriptions
from detection.sources.services.tallies import tally
from detection.webhooks.alerts.alert_text import storable
from detection.webhooks.format import Receipt, SourceSettings, webhook_formats
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.own_words import unknown_words, with_own_severities
from detection.webhooks.parsed import Reading
from detection.webhooks.services.alerting import AlertReceipt, process_alerts
from detection.webhooks.services.outcomes import keep_outcome
from detection.webhooks.services.remarks import add_remarks
from incidents.vocabulary import Severity


def source_actor(source: Source, request_id: str = "") -> Actor:
    """Return the sender as an actor for timelines and the audit trail."""
    scopes = frozenset({Scope.EVENTS_WRITE.value, Scope.INCIDENTS_WRITE.value})
    return Actor(source.workspace_id, "source", source.name, scopes=scopes, request_id=request_id[:64])


def settings_of(source: Source) -> SourceSettings:
    """Return the settings of a source for its format."""
    return SourceSettings(source.name, Severity(source.default_severity), source.mapping)


def receive(
    actor: Actor, *, source: Source, reading: Reading, request: WebhookRequest, keep_faulty: bool = True
) -> Receipt:
    """Store and process the parsed request; returns after COMMIT.

    If anything was faulty, the whole request is quarantined, unless `keep_faulty` is False. Raises Forbidden;
    Unavailable when the database is down: nothing was stored.
    """
    require(actor, Capability.EVENTS_WRITE)
    now, settings = timezone.now(), settings_of(source)
    reading = with_own_severities(reading, settings)
    with as_problem():
        alert_receipt = process_alerts(
            actor, source=source, alerts=reading.alerts, at=request.received_at, now=now
        )
    with as_problem(), transaction.atomic():
        batch = parse_elements(_elements(source, reading, request.received_at), now, retention())
        stored = len(store_events(actor.workspace_id, batch.events))
        changes = keep_changes(
            actor.workspace_id, source=source, changes=reading.changes, at=request.received_at
        )
        note_subscriptions(source, reading.subscriptions, request.received_at)
        note_words(source, unknown_words(reading, settings), request.received_at)
        unknown_alerts = add_remarks(actor, source=source, remarks=reading.remarks)
        faults = [*reading.faults, *batch.faults, *alert_receipt.faults]
        is_quarantined = bool(faults) and keep_faulty and _set_aside(source, request, faults)
        alert_receipt.unknown_alerts += unknown_alerts
        receipt = _receipt(actor, alert_receipt, batch, stored, changes, faults, is_quarantined)
        _count(source, request.received_at, receipt, faults)
        _record_sender(source, request.received_at, reading, receipt)
    return receipt


def refuse(actor: Actor, *, source: Source, request: WebhookRequest, problem: Problem, keep: bool) -> bool:
    """Count a refusal and, if wanted, quarantine the request; returns whether it is in quarantine."""
    require(actor, Capability.EVENTS_WRITE)
    with as_problem(), transaction.atomic():
        is_quarantined = keep and quarantine(
            actor.workspace_id, source=source, request=request, problem=problem
        )
        tally(
            actor.workspace_id, source=source, at=request.received_at, refused=1,
            quarantined=int(is_quarantined), error=problem.detail,
        )  # fmt: skip
    return is_quarantined


def _elements(source: Source, reading: Reading, at: datetime) -> list[Mapping[str, Any]]:
    """Return the events as received `at`: without a time they occurred then, and each has an id.

    An event without an id of its sender gets the same one when the request is replayed.
    """
    seen: Counter[str] = Counter()
    elements: list[Mapping[str, Any]] = []
    for event in map(_storable, reading.events):
        content = json.dumps(event.get("metadata") or event, default=str)
        seen[content] += 1
        named = {name: value for name, value in event.items() if value is not None}
        made: dict[str, str] = (
            {} if named.keys() & {"occurred_at", "timestamp"} else {"occurred_at": at.isoformat()}
        )
        if not event.get("event_id"):
            whole = f"{source.pk} {at.isoformat()} {seen[content]} {content}"
            made["event_id"] = f"received:{sha256(whole.encode()).hexdigest()}"
        elements.append({**event, **made})
    return elements


def _storable(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event without values that cannot be stored, so that an invalid number discards no event."""
    metadata = event.get("metadata")
    return {**event, "metadata": storable(metadata)} if isinstance(metadata, Mapping) else event


def _set_aside(source: Source, request: WebhookRequest, faults: Sequence[Fault]) -> bool:
    problem = Invalid(f"{len(faults)} of its elements could not be read: {_message(faults[0])}.")
    return quarantine(source.workspace_id, source=source, request=request, problem=problem, faults=faults)


def _receipt(
    actor: Actor,
    alert_receipt: AlertReceipt,
    batch: Batch,
    stored: int,
    changes: int,
    faults: Sequence[Fault],
    is_quarantined: bool,
) -> Receipt:
    return Receipt(
        request_id=actor.request_id,
        stored=stored + alert_receipt.stored,
        duplicates=len(batch.events) - stored + alert_receipt.duplicates,
        refused=len(faults),
        changes=changes,
        errors=tuple(_as_error(fault) for fault in faults[:100]),
        opened=tuple(alert_receipt.opened),
        joined=tuple(dict.fromkeys(alert_receipt.joined)),
        resolved=tuple(alert_receipt.resolved),
        quarantined=is_quarantined,
        unknown_alerts=frozenset(alert_receipt.unknown_alerts),
    )


def _record_sender(source: Source, at: datetime, reading: Reading, receipt: Receipt) -> None:
    outcome = webhook_formats().get(source.kind).outcome(reading, receipt)
    if outcome is not None and receipt.request_id:
        keep_outcome(
            source.workspace_id, source=source, request_id=receipt.request_id, outcome=outcome, at=at
        )


def _count(source: Source, at: datetime, receipt: Receipt, faults: Sequence[Fault]) -> None:
    tally(
        source.workspace_id, source=source, at=at, accepted=1, quarantined=int(receipt.quarantined),
        events=receipt.stored, error=_message(faults[0]) if faults else "",
    )  # fmt: skip


def _as_error(fault: Fault) -> Mapping[str, Any]:
    return fault._asdict()


def _message(fault: Fault) -> str:
    return f"element {fault.position}, {fault.field}: {fault.message}".replace("\0", "")
