"""Resends deliveries."""

from __future__ import annotations

from uuid import uuid4

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict
from core.queue import items
from core.queue.runner import nudge_queue
from core.reasons import Reason
from notifications.deliveries.explaining import record_planned
from notifications.deliveries.models import Delivery
from notifications.deliveries.selectors import delivery_for
from notifications.queues import NOTICE, PAGE

MAX_RESENDS = 20


def resend_delivery(actor: Actor, *, delivery_id: int) -> Delivery:
    """Retry a failed delivery under the same id, or copy a sent one to a new delivery.

    Raises Forbidden, NotFound, Conflict while it is queued.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    with transaction.atomic():
        pk = delivery_for(actor, delivery_id).pk
        rows = Delivery.objects.of(actor.workspace_id).select_for_update(of=("self",))
        delivery: Delivery = rows.get(pk=pk)  # one click after the other
        if delivery.state == Delivery.State.PENDING:
            raise Conflict(f"The delivery to {delivery.label} is still queued. Nothing was changed.")
        again = _revived(delivery) if delivery.state == Delivery.State.DEAD else _copied(delivery)
        summary = f"{actor.label} resent “{delivery.event_kind}” to {delivery.label}"
        record(actor, action="delivery.resend", target=delivery, summary=summary)
        for queue in (PAGE, NOTICE):
            nudge_queue(queue)
    return again


def _revived(delivery: Delivery) -> Delivery:
    rows = Delivery.objects.of(delivery.workspace_id).filter(pk=delivery.pk)
    if items.resend(rows):
        rows.update(outcome=Delivery.Outcome.PENDING, reason="resent manually", reason_code=Reason.RESENT)
    delivery.refresh_from_db()
    return delivery


def _copied(delivery: Delivery) -> Delivery:
    copies = Delivery.objects.of(delivery.workspace_id).filter(resend_of=delivery)
    if copies.filter(state=Delivery.State.PENDING).exists():
        raise Conflict(f"It is being sent to {delivery.label} again already. Nothing was changed.")
    if copies.count() >= MAX_RESENDS:
        raise Conflict(f"It was resent {MAX_RESENDS} times already. Nothing was sent.")
    copy = Delivery(
        workspace_id=delivery.workspace_id,
        event_key=f"resend:{delivery.pk}:{uuid4().hex[:12]}",
        event_kind=delivery.event_kind,
        destination=delivery.destination,
        label=delivery.label,
        incident_id=delivery.incident_id,
        incident_number=delivery.incident_number,
        channel_id=delivery.channel_id,
        user_id=delivery.user_id,
        method_id=delivery.method_id,
        recipient=delivery.recipient,
        lane=delivery.lane,
        priority=delivery.priority,
        payload=delivery.payload,
        why="Resent manually",
        resend_of=delivery,
    )
    copy.because = Reason.RESENT
    copy.save(force_insert=True)
    record_planned([copy])
    return copy
