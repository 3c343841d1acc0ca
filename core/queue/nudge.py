"""Wakes a worker, at most once per drain. A lost nudge costs latency, never work.

Nothing here may fail or delay its caller. Valkey gets a quarter of a second; after a failure it is skipped
for a second, so a hanging broker costs one short wait per second and not one per request.
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
    """Return the process's client with short timeouts: it responds within `TIMEOUT_S` or raises.

    Raises redis.RedisError.
    """
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
_later: dict[str, float] = {}  # when the delayed nudges of this process run, on the monotonic clock


def _flag(task: str) -> str:
    return f"tocsin:nudge:{task}"


def nudge(task: str, queue: str = "upkeep") -> bool:
    """Queue `task` unless a nudge for it is already waiting. Returns whether one was sent; never raises.

    The flag is set before the message is sent and cleared by the task before it claims (`clear`), so work
    committed before a claim is seen by that claim and work committed later nudges again.
    """
    if _pause.on():
        return False
    try:
        if not valkey().set(_flag(task), 1, nx=True, px=FLAG_MS):
            return False
        _send(task, queue)
    except (redis.RedisError, KombuError, OSError):
        _pause.start()
        return False
    return True


def nudge_later(task: str, delay_s: float, queue: str = "upkeep") -> bool:
    """Queue `task` to run in `delay_s` seconds, unless this process already did and it has not run yet.

    Returns whether one was sent; never raises. Immediate nudges are not affected.
    """
    now = time.monotonic()
    if _pause.on() or now < _later.get(task, 0.0):
        return False
    try:
        _send(task, queue, delay_s)
    except (redis.RedisError, KombuError, OSError):
        _pause.start()
        return False
    _later[task] = now + delay_s
    return True


def _send(task: str, queue: str, delay_s: float | None = None) -> None:
    current_app.send_task(task, queue=queue, countdown=delay_s, retry=False, ignore_result=True)


def clear(task: str) -> None:
    """Clear the flag, called by the task before it looks for work: from here on new work nudges again."""
    try:
        valkey().delete(_flag(task))
    except (redis.RedisError, OSError):
        _pause.start()
