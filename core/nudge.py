"""Wake a worker, at most once per drain. A nudge is a hint: losing one costs latency, never work.

Nothing here may fail or hold up its caller. Valkey gets a quarter of a second; after a failure nobody asks it
again for a second, so a broker that hangs costs one short wait a second and not one per request.
"""

from __future__ import annotations

import functools
import time

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import KombuError

TIMEOUT_S = 0.25
PAUSE_S = 1.0
FLAG_MS = 1000


@functools.cache
def valkey() -> redis.Redis:
    """The process's short-tempered client: connects and answers within `TIMEOUT_S` or raises RedisError."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S, retry=None
    )


class _Pause:
    """When the broker may be tried again, on the monotonic clock."""

    until = 0.0

    def on(self) -> bool:
        return time.monotonic() < self.until

    def start(self) -> None:
        self.until = time.monotonic() + PAUSE_S


_pause = _Pause()


def _flag(task: str, delay_s: float = 0.0) -> str:
    return f"tocsin:nudge:{task}:later" if delay_s else f"tocsin:nudge:{task}"


def nudge(task: str, queue: str = "default", *, delay_s: float = 0.0) -> bool:
    """Queue `task` unless a nudge for it is already waiting. Returns whether one was sent; never raises.

    With `delay_s` the task runs that many seconds later; it waits for nobody who nudges without.
    The flag is set before the message is sent and cleared by the task before it claims (`clear`), so work
    committed before a claim is seen by that claim and work committed later nudges again.
    """
    if _pause.on():
        return False
    try:
        if not valkey().set(_flag(task, delay_s), 1, nx=True, px=FLAG_MS + int(delay_s * 1000)):
            return False
        current_app.send_task(task, queue=queue, retry=False, ignore_result=True, countdown=delay_s or None)
    except (redis.RedisError, KombuError, OSError):
        _pause.start()
        return False
    return True


def clear(task: str) -> None:
    """Called by the task before it looks for work: from here on new work nudges again."""
    try:
        valkey().delete(_flag(task), _flag(task, 1.0))
    except (redis.RedisError, OSError):
        _pause.start()
