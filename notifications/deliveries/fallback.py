"""Plans a delivery to the fallback channel, once, while the original is still retried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from core.queue.models import Priority
from core.reasons import Reason
from incidents.explain.recording import record_decisions
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.deliveries.explaining import not_notified
from notifications.deliveries.models import Delivery
from notifications.deliveries.planning import Fact, store, to_channel

PAGE_FAILURES: Final = 3
PAGE_AFTER: Final = timedelta(seconds=60)
NOTICE_AFTER: Final = timedelta(minutes=10)
MAX_PAGES: Final = 100
NEVER_ARRIVED: Final = (Delivery.Outcome.MUTED, Delivery.Outcome.SUPERSEDED, Delivery.Outcome.DEAD)


def record_fallback_off(delivery: Delivery, fallback: Channel) -> None:
    """Record that the fallback channel is disabled."""
    made = not_notified(
        delivery.workspace_id, f"fallback:{delivery.pk}", Reason.CHANNEL_OFF,
        {"incident_id": delivery.incident_id}, delivery.event_kind, channel_id=fallback.pk,
        subject=fallback.name, detail=f"fallback of {delivery.label}",
    )  # fmt: skip
    record_decisions([made])


def fall_back(delivery: Delivery, *, is_dead: bool) -> None:
    """Plan the fallback once it is dead, a page failed three times or for a minute, or a notice for ten."""
    fallback = delivery.channel.fallback if delivery.channel else None
    if fallback is None or not (is_dead or _is_late(delivery)):
        return
    if not fallback.is_enabled:
        record_fallback_off(delivery, fallback)
        return
    if Delivery.objects.of(delivery.workspace_id).filter(fallback_of=delivery).exists():
        return
    fact = Fact(delivery.workspace_id, f"fallback:{delivery.pk}", delivery.event_kind, delivery.payload)
    why, because = f"Fallback of {delivery.label}", Reason.CHANNEL_FAILS
    recipients = CHANNEL_KINDS.get(fallback.kind).recipients(fallback.config)
    common: dict[str, Any] = {"priority": delivery.priority, "why": why, "because": because}
    rows = [to_channel(fact, fallback, one, **common) for one in recipients]
    rows = _without_notified(delivery, rows)
    if rows:
        rows[0].fallback_of = delivery
        store(rows)


def fall_back_waiting_pages(channel: Channel) -> None:
    """Plan the fallback of the pages that wait for a broken channel: only one a minute is tried."""
    waiting = Delivery.objects.of(channel.workspace_id).filter(
        Q(lease_until=None) | Q(lease_until__lt=Now()),
        channel=channel,
        channel__fallback__isnull=False,
        state=Delivery.State.PENDING,
        priority=Priority.PAGE,
        fallback_delivery=None,
    )
    for delivery in waiting.select_related("channel__fallback").order_by("pk")[:MAX_PAGES]:
        fall_back(delivery, is_dead=True)


def _without_notified(delivery: Delivery, rows: list[Delivery]) -> list[Delivery]:
    """Return those whose destination was not sent the same event already, by a route or a fallback."""
    keys, step = [delivery.event_key], delivery.fallback_of
    while step is not None:
        keys, step = [*keys, step.event_key], step.fallback_of
    same = Delivery.objects.of(delivery.workspace_id).filter(event_key__in=keys)
    notified = set(same.exclude(outcome__in=NEVER_ARRIVED).values_list("destination", flat=True))
    record_decisions(
        not_notified(
            delivery.workspace_id, f"fallback:{delivery.pk}", Reason.ALREADY_NOTIFIED,
            {"incident_id": delivery.incident_id}, delivery.event_kind, channel_id=row.channel_id,
            subject=row.label, detail=f"fallback of {delivery.label}",
        )
        for row in rows
        if row.destination in notified
    )  # fmt: skip
    return [row for row in rows if row.destination not in notified]


def _is_late(delivery: Delivery) -> bool:
    waited = timezone.now() - delivery.created_at
    if delivery.is_page:
        return delivery.attempts >= PAGE_FAILURES or waited > PAGE_AFTER
    return waited > NOTICE_AFTER
