"""Digests: notices beyond ten a minute to one destination are held and sent together. Pages are not held."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from core.queue.models import Priority
from core.reasons import Reason
from notifications.deliveries.models import Delivery
from notifications.deliveries.settling import hold_with_reason, settle_with_reason

MAX_NOTICES_PER_MINUTE: Final = 10
MAX_MERGED: Final = 500
LOOK_AGAIN_S: Final = 20.0
MINUTE: Final = timedelta(minutes=1)
HELD: Final = (
    f"held for a digest, because {MAX_NOTICES_PER_MINUTE} notices a minute are sent to one destination"
)


def hold_for_digest(delivery: Delivery) -> bool:
    """Hold a notice while its destination is over the limit, or merge it into a later digest."""
    if delivery.channel is not None and delivery.channel.kind == "log":
        return False
    lately = _to_the_same(delivery).filter(
        settled_at__gt=Now() - MINUTE, outcome=Delivery.Outcome.SENT, priority=Priority.NOTICE
    )
    if lately.count() >= MAX_NOTICES_PER_MINUTE:
        hold_with_reason(delivery, LOOK_AGAIN_S, Reason.THROTTLED, HELD)
        return True
    return delivery.reason == HELD and not delivery.lane and _merge_into_newest(delivery)


def merge_into(delivery: Delivery, newer: QuerySet[Delivery], reason: str) -> bool:
    """Settle it as merged into the newest unclaimed delivery of `newer`, which will include its text."""
    with transaction.atomic():
        idle = newer.filter(Q(lease_until=None) | Q(lease_until__lt=Now()), state=Delivery.State.PENDING)
        newest = idle.select_for_update(skip_locked=True, of=("self",)).order_by("-pk").first()
        if newest is None:
            return False
        reason = reason.format(event=newest.event_kind)
        return settle_with_reason(
            delivery, Delivery.Outcome.MERGED, Reason.MERGED, reason, merged_into=newest
        )


def merged_into(delivery: Delivery) -> list[Delivery]:
    """Notices merged into this one, directly or through another one, oldest first."""
    rows = Delivery.objects.of(delivery.workspace_id)
    found: list[Delivery] = []
    level = [delivery.pk]
    while level and len(found) < MAX_MERGED:
        step = list(rows.filter(merged_into__in=level).order_by("pk")[:MAX_MERGED])
        found += step
        level = [one.pk for one in step]
    return sorted(found, key=lambda one: one.pk)


def _merge_into_newest(delivery: Delivery) -> bool:
    newer = _to_the_same(delivery).filter(pk__gt=delivery.pk, priority=Priority.NOTICE, lane="", reason=HELD)
    return merge_into(delivery, newer, "merged into a digest")


def _to_the_same(delivery: Delivery) -> QuerySet[Delivery]:
    rows: QuerySet[Delivery] = Delivery.objects.of(delivery.workspace_id)
    # Channel and person are indexed; the destination is not.
    indexed: dict[str, int | None] = {"channel_id": delivery.channel_id, "user_id": delivery.user_id}
    return rows.filter(destination=delivery.destination, **indexed)
