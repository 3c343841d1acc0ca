"""Handlers of the delivery queues."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, LiteralString

from core.queue.handlers import works_on
from core.queue.models import Priority
from notifications.deliveries.models import Delivery
from notifications.deliveries.sending import send_delivery
from notifications.queues import NOTICE, PAGE

# A channel that is broken is left alone until its next probe, and has four deliveries in flight at most.
_READY: Final[LiteralString] = """
not exists (select 1 from notifications_channel c where c.id = w.channel_id and c.retry_at > now())
and (select count(*) from notifications_delivery f
      where f.channel_id = w.channel_id and f.state = 'pending' and f.lease_until > now()) < 4
"""
RELATED: Final = ("channel", "channel__fallback", "method", "method__user")
KEEP: Final = timedelta(days=90)


@works_on(PAGE, Delivery, priorities=(Priority.PAGE,), where=_READY, related=RELATED, keep=KEEP)
def send_page(delivery: Delivery) -> None:
    """Send one page."""
    send_delivery(delivery)


@works_on(NOTICE, Delivery, priorities=(Priority.NOTICE, Priority.SUBSCRIBER), where=_READY, related=RELATED)
def send_notice(delivery: Delivery) -> None:
    """Send one notice."""
    send_delivery(delivery)
