"""Per-channel rate limits of each channel kind."""

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
    """Whether the channel used up its calls of the last minute, retries included."""
    if not kind.max_per_minute or delivery.channel_id is None:
        return False
    since = Now() - MINUTE
    of = DeliveryAttempt.objects.of(delivery.workspace_id).filter(delivery__channel_id=delivery.channel_id)
    lately = Q(delivery__state=Delivery.State.PENDING) | Q(delivery__settled_at__gt=since)
    return bool(of.filter(lately, started_at__gt=since).count() >= kind.max_per_minute)


def hold_for_limit(delivery: Delivery, kind: ChannelKind) -> None:
    """Hold it for a moment, not counted as an attempt; a page held for a minute also goes to the fallback."""
    reason = f"held, because {kind.title} takes {kind.max_per_minute} calls a minute"
    hold_with_reason(delivery, LOOK_AGAIN_S, Reason.RATE_LIMITED, reason)
    fall_back(delivery, is_dead=False)
