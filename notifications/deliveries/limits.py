"""Limits of the receivers: how many calls a minute a channel of a kind takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.db.models.functions import Now

from core.reasons import Reason
from notifications.channels.kind import ChannelKind
from notifications.deliveries.fallback import fall_back
from notifications.deliveries.models import Delivery, DeliveryAttempt
from notifications.deliveries.settling import hold_with_reason

MINUTE: Final = timedelta(minutes=1)
LOOK_AGAIN_S: Final = 2.0


def is_over_limit(delivery: Delivery, kind: ChannelKind) -> bool:
    """Whether the channel got as many calls in the last minute as its kind takes, retries included."""
    if not kind.max_per_minute or delivery.channel_id is None:
        return False
    since = Now() - MINUTE
    of = DeliveryAttempt.objects.of(delivery.workspace_id).filter(delivery__channel_id=delivery.channel_id)
    lately = Q(delivery__state=Delivery.State.PENDING) | Q(delivery__settled_at__gt=since)
    return bool(of.filter(lately, started_at__gt=since).count() >= kind.max_per_minute)


def hold_for_limit(delivery: Delivery, kind: ChannelKind) -> None:
    """Look again in a moment. Not an attempt; a page that waits for a minute goes to the fallback as well."""
    reason = f"held, because {kind.title} takes {kind.max_per_minute} calls a minute"
    hold_with_reason(delivery, LOOK_AGAIN_S, Reason.RATE_LIMITED, reason)
    fall_back(delivery, is_dead=False)
