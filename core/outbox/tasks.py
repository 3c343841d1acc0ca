"""Celery tasks of the core: they wake work queues, and clean up."""

from __future__ import annotations

from celery import shared_task

from core.heartbeat import database as database_heartbeat
from core.outbox.relay import prune
from core.queue import items
from core.queue.declaration import DUE_EVERY_S, QUEUES, Queue, due_task, queues_of
from core.queue.due import due_queues
from core.queue.handlers import HANDLERS
from core.queue.nudge import clear
from core.queue.runner import threads_of
from core.rate_limit import store as rate_limit_store


def _add_task(queue: Queue) -> None:
    @shared_task(name=queue.task, ignore_result=True)
    def wake() -> None:
        clear(queue.task)
        threads_of(queue.name).wake()


def _add_due_task(process: str) -> None:
    @shared_task(name=due_task(process), ignore_result=True)
    def wake_due() -> None:
        for name in due_queues(process):
            threads_of(name).wake()
        database_heartbeat.stamp(*(queue.name for queue in queues_of(process)))


for _queue in QUEUES:
    if not _queue.own_task:
        _add_task(_queue)
for _process in DUE_EVERY_S:
    _add_due_task(_process)


@shared_task(name="core.prune", ignore_result=True)
def prune_queues() -> None:
    """Delete delivered events, expired work items, and rate limits unused for a day."""
    while prune():
        pass
    for work in HANDLERS:
        while work.keep and items.prune(work.model, work.keep):
            pass
    rate_limit_store.prune()
