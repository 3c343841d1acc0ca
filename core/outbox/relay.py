"""Delivers outbox dispatches to their subscribers.

Each dispatch is one item: claimed with a lease of 10 s, passed to its subscriber, settled on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models.functions import Now

from core.models import OutboxDispatch, OutboxEvent
from core.outbox.events import SUBSCRIBERS
from core.queue import items
from core.queue.handlers import works_on
from core.queue.runner import run_due
from core.queues import RELAY

BATCH = 50


@works_on(RELAY, OutboxDispatch, batch=BATCH, related=("event",))
def deliver(dispatch: OutboxDispatch) -> None:
    """Call the subscriber of one dispatch. Raises what it raises, and LookupError when it is unknown."""
    if dispatch.subscriber not in SUBSCRIBERS:
        # During a rolling deploy another process may know it; failing permanently would lose the event.
        raise LookupError(f"no subscriber is called {dispatch.subscriber!r} here")
    SUBSCRIBERS.get(dispatch.subscriber).handler(dispatch.event)


def relay_due(limit: int = 1000) -> int:
    """Run up to `limit` due dispatches, each once. Returns how many ran, successful or not."""
    return run_due(RELAY, limit)


def send_again(dispatch_ids: Sequence[int]) -> int:
    """Make dead dispatches due now with a fresh count of attempts. Returns how many were dead."""
    return items.resend(OutboxDispatch.objects.filter(pk__in=dispatch_ids))


def prune(*, keep: timedelta = timedelta(days=3), limit: int = 5000) -> int:
    """Delete up to `limit` events older than `keep` all of whose dispatches are done; dead ones stay."""
    unfinished = OutboxDispatch.objects.exclude(state=OutboxDispatch.State.DONE).values("event_id")
    old = OutboxEvent.objects.filter(created_at__lt=Now() - keep).exclude(pk__in=unfinished)
    ids = list(old.order_by("created_at").values_list("pk", flat=True)[:limit])
    OutboxEvent.objects.filter(pk__in=ids).delete()
    return len(ids)
