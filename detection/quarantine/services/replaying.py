"""Replays a quarantined request with today's format and mapping."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict, NotFound
from detection.models import QuarantinedRequest, Source
from detection.webhooks.format import Receipt, counts, webhook_formats
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.unpacking import unpacked
from detection.webhooks.parsed import Reading
from detection.webhooks.services.receiving import receive, settings_of, source_actor
from incidents.lifecycle.services.incident_numbers import lock_counter


def replay(actor: Actor, *, quarantined_id: int) -> Receipt:
    """Read and act on a request that waits in quarantine; what it told at its time counts as told then.

    While elements of it stay faulty it waits on. Raises Forbidden, NotFound, Conflict when it was replayed
    already; Malformed or Invalid when it still cannot be read: then nothing has changed.
    """
    require(actor, Capability.SOURCES_WRITE)
    # A body of megabytes is unpacked and read before the workspace is locked; it never changes.
    request, reading = read_again(actor, row=_waiting(actor, quarantined_id))
    with transaction.atomic():
        # First in line, as whoever hears alerts: a row of quarantine is never held while waiting for it.
        lock_counter(actor.workspace_id)
        row = _waiting(actor, quarantined_id, lock=True)
        sender = source_actor(row.source, actor.request_id)
        receipt = receive(sender, source=row.source, reading=reading, request=request, keep_faulty=False)
        _settle(actor, row, receipt)
    return receipt


def read_again(actor: Actor, *, row: QuarantinedRequest) -> tuple[WebhookRequest, Reading]:
    """The request, and what would be read out of it now: nothing is stored.

    Raises Forbidden, Malformed, Invalid, TooLarge.
    """
    require(actor, Capability.SOURCES_READ)
    form = webhook_formats().get(row.source.kind)
    raw = bytes(row.body)
    request = WebhookRequest(row.method, row.headers, raw, raw, row.received_at, row.query, row.path)
    request = replace(request, body=unpacked(raw, row.headers, form.max_body))
    return request, form.read(request, settings_of(row.source))


def _waiting(actor: Actor, quarantined_id: int, *, lock: bool = False) -> QuarantinedRequest:
    rows = QuarantinedRequest.objects.of(actor.workspace_id).select_related("source")
    if lock:
        rows = rows.select_for_update(of=("self",))
    row: QuarantinedRequest | None = rows.filter(pk=quarantined_id).first()
    if row is None:
        raise NotFound("There is no such request in quarantine.")
    if row.replayed_at is not None:
        raise Conflict(f"{row.replayed_by} has replayed this request already. Nothing was changed.")
    return row


def _settle(actor: Actor, row: QuarantinedRequest, receipt: Receipt) -> None:
    row.outcome = counts(receipt)
    if receipt.refused:
        row.faults = [dict(error) for error in receipt.errors]
    else:
        row.replayed_at, row.replayed_by = timezone.now(), actor.label[:150]
    row.save(update_fields=["outcome", "faults", "replayed_at", "replayed_by"])
    source: Source = row.source
    summary = f"{actor.label} replayed a request of {source.name} from quarantine"
    changes = {"stored": [0, receipt.stored], "refused": [len(row.faults), receipt.refused]}
    record(actor, action="source.replay", target=source, summary=summary, changes=changes)
