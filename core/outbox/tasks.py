"""Celery tasks of the core: one that wakes each work queue, and clean-up."""

from __future__ import annotations

from celery import shared_task

from core.outbox.relay import prune
from core.queue import items
from core.queue.declaration import QUEUES, Queue
from core.queue.handlers import HANDLERS
from core.queue.nudge import clear
from core.queue.runner import threads_of
from core.rate_limit import store as rate_limit_store


def _add_task(queue: Queue) -> None:
    @shared_task(name=queue.task, ignore_result=True)
    def wake() -> None:
        clear(queue.task)
        threads_of(queue.name).wake()


for _queue in QUEUES:
    if not _queue.own_task:
        _add_task(_queue)


@shared_task(name="core.prune", ignore_result=True)
def prune_queues() -> None:
    """Delete delivered events, expired work items, and rate limits unused for a day."""
    while prune():
        pass
    for work in HANDLERS:
        while work.keep and items.prune(work.model, work.keep):
            pass
    rate_limit_store.prune()
