"""Delivers the outbox: claim a dispatch with a lease, run its subscriber, settle it. Rows are the queue.

A worker that dies leaves a lease that runs out; whoever comes next claims the row again. The database's clock
decides what is due. `attempts` marks the claim: a worker whose lease ran out cannot settle for the next.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

import orjson
from django.db import transaction
from django.db.models.functions import Now

from core.hot_sql import rows, send
from core.models import Claimable, OutboxDispatch, OutboxEvent
from core.outbox import SUBSCRIBERS
from core.retry import Decision, after_failure

log = logging.getLogger(__name__)

LEASE_S = 10.0
BATCH = 50
ERROR_LENGTH = 2000
_PENDING = Claimable.State.PENDING
_CLAIM = """
with due as (
  select id from core_outboxdispatch
   where state = 'pending' and due_at <= now() and (leased_until is null or leased_until < now())
   order by due_at, id limit %s::int for update skip locked),
claimed as (
  update core_outboxdispatch d set attempts = attempts + 1, leased_until = now() + %s::interval
    from due where d.id = due.id returning d.id, d.subscriber, d.attempts, d.due_at, d.event_id)
select c.id, c.subscriber, c.attempts, e.id, e.topic, e.workspace_id, e.payload::text
  from claimed c join core_outboxevent e on e.id = c.event_id order by c.due_at, c.id
"""
_DONE = """
update core_outboxdispatch set state = 'done', settled_at = now(), leased_until = null, last_error = ''
 where id = %s::bigint and attempts = %s::int and state = 'pending'
"""


def relay_due(limit: int = 1000) -> int:
    """Run up to `limit` due dispatches, each once; answers how many ran, well or not."""
    ran = 0
    while ran < limit:
        claimed_at = time.monotonic()
        batch = claim(min(BATCH, limit - ran))
        if not batch:
            break
        ran += _run_batch(batch, claimed_at)
        if len(batch) < BATCH:
            break
    return ran


def claim(count: int) -> list[OutboxDispatch]:
    """Lease up to `count` due dispatches that nobody holds, oldest first; committed before anything runs."""
    with transaction.atomic():
        return [_claimed(*row) for row in rows(_CLAIM, [count, timedelta(seconds=LEASE_S)])]


def _claimed(
    dispatch_id: int,
    subscriber: str,
    attempts: int,
    event_id: int,
    topic: str,
    workspace_id: int,
    payload: str,
) -> OutboxDispatch:
    event = OutboxEvent(pk=event_id, topic=topic, workspace_id=workspace_id, payload=orjson.loads(payload))
    return OutboxDispatch(pk=dispatch_id, subscriber=subscriber, attempts=attempts, event=event)


def _run_batch(batch: Sequence[OutboxDispatch], claimed_at: float) -> int:
    for done, dispatch in enumerate(batch):
        # What would start with half the lease gone is handed back: no lease shall run out under its runner.
        if done and time.monotonic() - claimed_at > LEASE_S / 2:
            _hand_back(batch[done:])
            return done
        _run(dispatch)
    return len(batch)


def _run(dispatch: OutboxDispatch) -> None:
    try:
        _handle(dispatch)
    except Exception as error:
        # Whatever a subscriber raises is a reason to try again, never to stop the relay.
        log.exception("outbox dispatch %s of %s failed", dispatch.pk, dispatch.subscriber)
        _settle_failure(dispatch, error)
    else:
        send(_DONE, [dispatch.pk, dispatch.attempts])


def _handle(dispatch: OutboxDispatch) -> None:
    if dispatch.subscriber not in SUBSCRIBERS:
        # A rolling deploy may know it again in a moment; giving up at once would lose the fact.
        raise LookupError(f"no subscriber is called {dispatch.subscriber!r} here")
    SUBSCRIBERS.get(dispatch.subscriber).handler(dispatch.event)


def _settle_failure(dispatch: OutboxDispatch, error: Exception) -> None:
    decision = after_failure(dispatch.attempts, error)
    words = f"{type(error).__name__}: {error}".replace("\x00", "")[:ERROR_LENGTH]
    _settle(dispatch, **_after(decision), last_error=words)


def _after(decision: Decision) -> dict[str, object]:
    if decision.delay is None:
        return {"state": Claimable.State.DEAD, "settled_at": Now()}
    return {"due_at": Now() + timedelta(seconds=decision.delay)}


def _settle(dispatch: OutboxDispatch, **fields: object) -> None:
    mine = OutboxDispatch.objects.filter(pk=dispatch.pk, attempts=dispatch.attempts, state=_PENDING)
    mine.update(leased_until=None, **fields)


def _hand_back(batch: Sequence[OutboxDispatch]) -> None:
    for dispatch in batch:
        _settle(dispatch, attempts=dispatch.attempts - 1)


def send_again(dispatch_ids: Sequence[int]) -> int:
    """Make dead dispatches due now, as if never tried; answers how many were dead."""
    dead = OutboxDispatch.objects.filter(pk__in=dispatch_ids, state=Claimable.State.DEAD)
    return dead.update(state=_PENDING, attempts=0, due_at=Now(), settled_at=None, leased_until=None)


def prune(*, keep: timedelta = timedelta(days=3), limit: int = 5000) -> int:
    """Delete up to `limit` events older than `keep` all of whose dispatches are done; dead ones stay."""
    unfinished = OutboxDispatch.objects.exclude(state=Claimable.State.DONE).values("event_id")
    old = OutboxEvent.objects.filter(created_at__lt=Now() - keep).exclude(pk__in=unfinished)
    ids = list(old.order_by("created_at").values_list("pk", flat=True)[:limit])
    OutboxEvent.objects.filter(pk__in=ids).delete()
    return len(ids)
