"""Declarations of work queues and of periodic tasks; independent of Django, so that beat can read them.

An app declares in its `queues.py`: `PAGE = declare(Queue("page", process="outbound", ...))`. That line
creates the Celery queue, the worker that serves it, its heartbeat, its health check and its metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from core.registry import Registry

Process = Literal["detection", "outbound", "slow"]
PROCESSES: Final[tuple[Process, ...]] = ("detection", "outbound", "slow")
# How often beat has a process look for due items in all its queues; the message's Celery queue has its name.
DUE_EVERY_S: Final[dict[str, float]] = {"outbound": 1.0, "slow": 2.0}


@dataclass(frozen=True, slots=True)
class Queue:
    """One work queue. `title` and `advice` are shown when it is late.

    New items nudge it at once; items due later or retried are found by its process (`DUE_EVERY_S`). lease_s:
    how long a claim lasts; a handler must end well within it, or renew it. threads: items handled at a time
    in each process. max_lag_s: how long the oldest due item may wait before the health check warns. own_task:
    the name of a Celery task of the app that finds its work itself and that it declares as `periodic`; by
    default items are claimed and passed to the handlers registered by `core.queue.handlers.works_on`.
    """

    name: str
    process: Process
    title: str
    advice: str = "Nothing is lost; the work is done when a worker of this queue runs again."
    lease_s: float = 30.0
    threads: int = 1
    max_lag_s: float = 30.0
    own_task: str = ""

    @property
    def task(self) -> str:
        """Return the name of the Celery task that wakes this queue."""
        return self.own_task or f"queue.{self.name}"


@dataclass(frozen=True, slots=True)
class Periodic:
    """A Celery task that beat sends to `queue` every `period_s` seconds."""

    name: str
    task: str
    period_s: float
    queue: str


QUEUES: Final[Registry[Queue]] = Registry("queue")
PERIODIC: Final[Registry[Periodic]] = Registry("periodic task")


def declare(queue: Queue) -> Queue:
    """Register a queue. Raises ValueError when another one has its name."""
    return QUEUES.add(queue.name, queue)


def periodic(name: str, task: str, period_s: float, queue: Queue) -> None:
    """Register a periodic task, run by the worker of `queue`."""
    PERIODIC.add(name, Periodic(name, task, period_s, queue.name))


def due_task(process: str) -> str:
    """Return the name of the Celery task that looks for due items in all queues of a process."""
    return f"queue.due.{process}"


def queues_of(process: str) -> list[Queue]:
    """Return the queues that one worker process serves, in the order they were declared."""
    return [queue for queue in QUEUES if queue.process == process]
