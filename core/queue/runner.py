"""Runs the handlers of a queue: claim, handle, settle, until nothing is due.

Each process has a few threads for a queue, which live while there is work. A message of beat or of a nudge
starts the first one; one that finds work starts the next.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, connection, connections, transaction

from core.queue import items as queue_items
from core.queue.declaration import QUEUES, Queue
from core.queue.handlers import Work, handlers_of
from core.queue.models import WorkItem
from core.queue.nudge import nudge
from core.queue.shutdown import STOPPING

log = logging.getLogger(__name__)
MAX_BATCH: Final = 500


def run_due(queue: Queue, limit: int = 1000, *, at: datetime | None = None) -> int:
    """Handle up to `limit` due items in this thread. Returns how many were handled, successful or not."""
    handled = 0
    while handled < limit and (claimed := _claim_next(queue, handled, limit - handled, at)):
        count = _run_batch(*claimed)
        handled += count
        if count < len(claimed[1]):
            break
    return handled


def _claim_next(
    queue: Queue, turn: int, limit: int, at: datetime | None = None
) -> tuple[Work, list[Any]] | None:
    """Claim one batch of one model of the queue, starting with another model each time.

    None: nothing is due.
    """
    works = handlers_of(queue)
    for n in range(len(works)):
        work = works[(turn + n) % len(works)]
        batch = queue_items.claim(
            work.model,
            min(work.batch, limit),
            queue.lease_s,
            priorities=work.priorities,
            where=work.where,
            related=work.related,
            at=at,
        )
        if batch:
            return work, batch
    return None


def _run_batch(work: Work, batch: Sequence[Any]) -> int:
    """Handle the items; returns how many were handled. The others were handed back."""
    if not work.takes_batch:
        return _run_each(work, batch)
    if len(batch) == 1 or not _run_together(work, batch):
        for item in batch:
            item.is_settled = False  # what the handler settled may have been rolled back
            if queue_items.is_held(item):
                _run_one(work, item, [item])
    return len(batch)


def _run_each(work: Work, batch: Sequence[Any]) -> int:
    claimed_at = time.monotonic()
    for done, item in enumerate(batch):
        # Items that would start with half the lease gone are handed back: no lease may end while its handler
        # runs.
        if done and (time.monotonic() - claimed_at > work.queue.lease_s / 2 or STOPPING.is_set()):
            queue_items.hand_back(batch[done:])
            return done
        _run_one(work, item, item)
    return len(batch)


def _run_together(work: Work, batch: Sequence[Any]) -> bool:
    try:
        work.handler(list(batch))
    except Exception:
        log.exception("a batch of queue %s failed; each item is tried alone", work.queue.name)
        return False
    for item in batch:
        _settle_unless_settled(item)
    return True


def _run_one(work: Work, item: Any, argument: Any) -> None:
    try:
        work.handler(argument)
    except Exception as error:
        # Any exception of a handler causes a retry and must not stop the queue.
        log.exception("item %s of queue %s failed", item.pk, work.queue.name)
        queue_items.fail(item, error, work.backoff)
    else:
        _settle_unless_settled(item)


def _settle_unless_settled(item: WorkItem) -> None:
    if not item.is_settled:
        queue_items.settle(item)


class Threads:
    """The threads of this process that serve one queue; none while nothing is due."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.running = 0
        self._is_woken = False
        self._turn = 0
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Start one more thread, unless enough are running: then one that is about to end looks once more."""
        with self._lock:
            self._is_woken = True
            if self.running >= self.queue.threads or STOPPING.is_set():
                return
            self.running += 1
        threading.Thread(target=self._run, name=f"queue-{self.queue.name}").start()

    def _run(self) -> None:
        try:
            while self._run_once() or self._is_woken_again():
                pass
        finally:
            connections.close_all()
            with self._lock:
                self.running -= 1
        if self._is_woken_again():
            self.wake()  # woken between the last claim and the end of this thread

    def _run_once(self) -> bool:
        """Handle one batch. Returns whether there was one."""
        with self._lock:
            self._is_woken = False
            self._turn += 1
        try:
            claimed = None if STOPPING.is_set() else _claim_next(self.queue, self._turn, MAX_BATCH)
            if claimed:
                self.wake()
                _run_batch(*claimed)
        except (DatabaseError, InterfaceError):
            # The leases expire and beat wakes the queue again.
            log.exception("queue %s cannot be served now", self.queue.name)
            connection.close()
            return False
        return claimed is not None

    def _is_woken_again(self) -> bool:
        with self._lock:
            return self._is_woken and not STOPPING.is_set()


@cache
def threads_of(name: str) -> Threads:
    """Return the threads of one queue in this process."""
    return Threads(QUEUES.get(name))


def nudge_queue(queue: Queue) -> None:
    """Wake a worker of the queue when this transaction commits, once per transaction."""
    if not any(getattr(callback[1], "queue", None) == queue.name for callback in connection.run_on_commit):
        transaction.on_commit(_Nudge(queue))


class _Nudge:
    def __init__(self, queue: Queue) -> None:
        self.queue, self.task = queue.name, queue.task

    def __call__(self) -> None:
        nudge(self.task, self.queue)
