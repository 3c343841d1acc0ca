"""Queue handlers of deliveries, silences and maintenance windows."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, LiteralString

from django.utils import timezone

from core.queue.handlers import works_on
from core.queue.models import Priority
from core.queues import CLOCKS
from notifications.deliveries.models import Delivery
from notifications.deliveries.sending import send_delivery
from notifications.queues import NOTICE, PAGE
from notifications.silences.models import (
    InhibitionReview,
    MaintenanceWindow,
    Release,
    Silence,
    WindowOccurrence,
)
from notifications.silences.services.inhibition import run_review
from notifications.silences.services.releasing import run_release
from notifications.silences.services.silences import run_silence
from notifications.silences.services.windows import end_occurrence, refill_window

# A broken channel is skipped until its next probe; a channel has at most four deliveries in flight.
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


@works_on(CLOCKS, Silence, batch=20)
def check_silence(item: Silence) -> None:
    """Check a silence."""
    run_silence(item.workspace_id, item, now=timezone.now())


@works_on(CLOCKS, MaintenanceWindow, batch=5)
def refill(item: MaintenanceWindow) -> None:
    """Create the occurrences of the next 60 days."""
    refill_window(item.workspace_id, item, now=timezone.now())


@works_on(CLOCKS, WindowOccurrence, batch=20, keep=KEEP)
def end_window(item: WindowOccurrence) -> None:
    """End an occurrence and notify of unresolved incidents."""
    end_occurrence(item.workspace_id, item, now=timezone.now())


@works_on(CLOCKS, InhibitionReview, batch=20, keep=KEEP)
def review_inhibition(item: InhibitionReview) -> None:
    """Notify of unresolved incidents that are no longer inhibited."""
    run_review(item.workspace_id, item, now=timezone.now())


@works_on(CLOCKS, Release, batch=5, keep=KEEP, related=("still",))
def continue_release(item: Release) -> None:
    """Send the next batch of what a silence or window muted."""
    run_release(item.workspace_id, item, now=timezone.now())
