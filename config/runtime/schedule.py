"""Queues, routes and the beat schedule, derived from the declarations of all apps, without Django.

Messages only wake a worker; the rows they would work on are in PostgreSQL. So messages are small, may be
lost, and are not sent while some wait already: a worker that was stopped for an hour finds a few, not
thousands. They do not expire, since that would depend on another machine's clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from celery.schedules import schedstate, schedule
from kombu import Queue

from config.runtime.queue_list import load_declarations
from core.queue.declaration import DUE_EVERY_S, PERIODIC, QUEUES, due_task
from core.queues import UPKEEP

load_declarations()
# Name in the schedule: (task, period in seconds, queue).
SCHEDULE: Final[dict[str, tuple[str, float, str]]] = {
    **{f"due items of {name}": (due_task(name), every_s, name) for name, every_s in DUE_EVERY_S.items()},
    **{entry.name: (entry.task, entry.period_s, entry.queue) for entry in PERIODIC},
}


class Every(schedule):
    """So many seconds, always. Celery's own schedule thinks of time zones, for a third of beat's time."""

    run_every: timedelta

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Whether it is due, and in how many seconds to look again."""
        left: float = (last_run_at + self.run_every - self.now()).total_seconds()
        return schedstate(is_due=left <= 0, next=self.seconds if left <= 0 else left)


def beat_entry(task: str, seconds: float, queue: str) -> dict[str, Any]:
    """Return one entry of the schedule as Celery wants it."""
    return {
        "task": task,
        "schedule": Every(seconds),
        "options": {"queue": queue},
    }


CELERY: Final[dict[str, Any]] = {
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    # A full Valkey refuses commands on a healthy connection; workers retry nevertheless.
    "broker_channel_error_retry": True,
    "broker_transport_options": {
        "visibility_timeout": 120,
        "priority_steps": [0],  # one list per queue instead of four
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
        "socket_keepalive": True,
        "health_check_interval": 15,
    },
    "task_queues": [*(Queue(queue.name) for queue in QUEUES), *map(Queue, DUE_EVERY_S)],
    "task_default_queue": UPKEEP.name,
    "task_routes": {
        **{queue.task: {"queue": queue.name} for queue in QUEUES},
        **{task: {"queue": queue} for task, _, queue in SCHEDULE.values()},
    },
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "task_publish_retry": False,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_enable_remote_control": False,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "worker_send_task_events": False,
    "timezone": "UTC",
    "beat_max_loop_interval": 1,
    "beat_scheduler": "config.runtime.beat:StatelessScheduler",
    "beat_schedule": {name: beat_entry(*line) for name, line in SCHEDULE.items()},
}
