"""Exits a worker that receives no message although beat sends them, so that it is restarted.

Celery's consumer can lose its connection in the middle of an acknowledgement and never notice. Exiting loses
nothing: work is in PostgreSQL, and messages only wake.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any, Final

import redis
from celery.signals import task_postrun, task_prerun, worker_ready
from django.conf import settings

from core.heartbeat.valkey import age

CHECK_EVERY_S: Final = 2.0
STUCK_AFTER_S: Final = 8.0
MAX_BEAT_AGE_S: Final = 3.0
log = logging.getLogger("tocsin.worker")


class WorkerWatchdog:
    """When this worker last began or ended a task, and how many are running."""

    def __init__(self) -> None:
        self.last_task_at = time.monotonic()
        self.running = 0
        self._lock = threading.Lock()

    def note_task(self, change: int) -> None:
        """Record that a task began (1) or ended (-1)."""
        with self._lock:
            self.running += change
            self.last_task_at = time.monotonic()

    def is_stuck(self, now: float, beat_age: float | None) -> bool:
        """Return whether nothing ran and nothing was received for long, while beat sent messages."""
        beat_sends = beat_age is not None and beat_age < MAX_BEAT_AGE_S
        return beat_sends and self.running <= 0 and now - self.last_task_at > STUCK_AFTER_S


_watch = WorkerWatchdog()


@task_prerun.connect
def _began(**_: Any) -> None:
    _watch.note_task(1)


@task_postrun.connect
def _ended(**_: Any) -> None:
    _watch.note_task(-1)


@worker_ready.connect
def _start(**_: Any) -> None:
    threading.Thread(target=_watch_forever, name="watchdog", daemon=True).start()


def _watch_forever() -> None:
    beat_since = time.monotonic()
    while True:
        time.sleep(CHECK_EVERY_S)
        beat = _beat_age()
        if beat is None or beat >= MAX_BEAT_AGE_S:
            beat_since = time.monotonic()  # after beat's return a worker gets time to receive a message
        if time.monotonic() - beat_since > STUCK_AFTER_S and _watch.is_stuck(time.monotonic(), beat):
            log.critical("no message arrives although beat sends them; exiting to be restarted")
            os._exit(70)


def _beat_age() -> float | None:
    try:
        return age(settings.REDIS_URL, "beat")
    except (redis.RedisError, OSError):
        return None
