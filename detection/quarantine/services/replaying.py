"""Replays a quarantined request with the current format and mapping."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict, NotFound, Problem
from detection.models import QuarantinedRequest, Source
from detection.webhooks.format import Receipt, counts, webhook_formats
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.unpacking import unpacked
from detection.webhooks.parsed import Reading
from detection.webhooks.services.receiving import receive, settings_of, source_actor

REPLAY_TIME: Final = timedelta(minutes=5)


def replay(actor: Actor, *, quarantined_id: int) -> Receipt:
    """Parse and process a quarantined request; its alerts count from when it was received.

    Its alerts are processed some at a time, in transactions of their own, as when it is received: other
    requests of the workspace run between them. An interrupted replay may be repeated after `REPLAY_TIME`;
    completed parts are not done twice. It stays in quarantine while elements of it are faulty. Raises
    Forbidden, NotFound, Conflict when it was replayed already or is being replayed; Malformed or Invalid,
    without changes, when it still cannot be parsed.
    """
    require(actor, Capability.SOURCES_WRITE)
    request, reading = read_again(actor, row=_waiting(actor, quarantined_id))
    row = _begin(actor, quarantined_id)
    sender = source_actor(row.source, actor.request_id)
    try:
        receipt = receive(sender, source=row.source, reading=reading, request=request, keep_faulty=False)
    except Problem:
        _row(actor, quarantined_id).update(replaying_until=None)
        raise
    with transaction.atomic():
        _settle(actor, _waiting(actor, quarantined_id, lock=True), receipt)
    return receipt


def _begin(actor: Actor, quarantined_id: int) -> QuarantinedRequest:
    """Claim it for this replay. Raises NotFound, Conflict."""
    with transaction.atomic():
        row, now = _waiting(actor, quarantined_id, lock=True), timezone.now()
        if row.replaying_until is not None and row.replaying_until > now:
            raise Conflict("Someone else is replaying this request. Nothing was changed.")
        row.replaying_until = now + REPLAY_TIME
        row.save(update_fields=["replaying_until"])
    return row


def read_again(actor: Actor, *, row: QuarantinedRequest) -> tuple[WebhookRequest, Reading]:
    """Return the request and its content as parsed now, storing nothing.

    Raises Forbidden, Malformed, Invalid, TooLarge.
    """
    require(actor, Capability.SOURCES_READ)
    form = webhook_formats().get(row.source.kind)
    raw = bytes(row.body)
    request = WebhookRequest(row.method, row.headers, raw, raw, row.received_at, row.query, row.path)
    request = replace(request, body=unpacked(raw, row.headers, form.max_body))
    return request, form.read(request, settings_of(row.source))


def _row(actor: Actor, quarantined_id: int) -> QuerySet[QuarantinedRequest]:
    found: QuerySet[QuarantinedRequest] = QuarantinedRequest.objects.of(actor.workspace_id).filter(
        pk=quarantined_id
    )
    return found


def _waiting(actor: Actor, quarantined_id: int, *, lock: bool = False) -> QuarantinedRequest:
    rows = _row(actor, quarantined_id).select_related("source")
    if lock:
        rows = rows.select_for_update(of=("self",))
    row: QuarantinedRequest | None = rows.first()
    if row is None:
        raise NotFound("There is no such request in quarantine.")
    if row.replayed_at is not None:
        raise Conflict(f"{row.replayed_by} already replayed this request. Nothing was changed.")
    return row


def _settle(actor: Actor, row: QuarantinedRequest, receipt: Receipt) -> None:
    row.outcome, row.replaying_until = counts(receipt), None
    if receipt.refused:
        row.faults = [dict(error) for error in receipt.errors]
    else:
        row.replayed_at, row.replayed_by = timezone.now(), actor.label[:150]
    row.save(update_fields=["outcome", "faults", "replayed_at", "replayed_by", "replaying_until"])
    source: Source = row.source
    summary = f"{actor.label} replayed a request of {source.name} from quarantine"
    changes = {"stored": [0, receipt.stored], "refused": [len(row.faults), receipt.refused]}
    record(actor, action="source.replay", target=source, summary=summary, changes=changes)
