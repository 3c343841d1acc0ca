"""Process heartbeats in Valkey, read by `/readyz`.

The age of a heartbeat follows from its remaining TTL, so that Valkey's clock is the only one involved. If
Valkey loses them, the next beat or task writes new ones. Independent of Django, which beat does not load.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence

import redis

HEARTBEAT_TTL_S = 7200
PREFIX = "tocsin:alive:"
EVERY_S = 1.0
BEGUN = "beat:begun"  # written when beat starts: tasks with a long period have not been due yet
_last: dict[str, float] = {}


@functools.cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=0.5, retry=None)


def stamp(url: str, name: str) -> None:
    """Record that `name` is alive, at most once a second; never raises, since Valkey may be down."""
    now = time.monotonic()
    if now - _last.get(name, -EVERY_S) < EVERY_S:
        return
    _last[name] = now
    try:
        _client(url).set(f"{PREFIX}{name}", 1, ex=HEARTBEAT_TTL_S)
    except (redis.RedisError, OSError):
        return


def begin(url: str, name: str) -> bool:
    """Record when `name` began, unless a start within two hours is recorded.

    Returns whether Valkey took it.
    """
    try:
        _client(url).set(f"{PREFIX}{name}", 1, ex=HEARTBEAT_TTL_S, nx=True)
    except (redis.RedisError, OSError):
        return False
    return True


def age(url: str, name: str) -> float | None:
    """Return the seconds since the last heartbeat of `name`; None when there is none.

    Raises redis.RedisError.
    """
    return ages(url, [name]).get(name)


def ages(url: str, names: Sequence[str]) -> dict[str, float]:
    """Return the age in seconds of each heartbeat; names without one are omitted. Raises redis.RedisError.

    Ages below zero, as after a jump of Valkey's clock, are omitted as well; a live process sends the next
    heartbeat within seconds. One round trip.
    """
    if not names:
        return {}
    pipeline = _client(url).pipeline(transaction=False)
    for name in names:
        pipeline.pttl(f"{PREFIX}{name}")
    left = dict(zip(names, pipeline.execute(), strict=True))
    found = {
        name: HEARTBEAT_TTL_S - milliseconds / 1000
        for name, milliseconds in left.items()
        if milliseconds >= 0
    }
    return {name: max(0.0, seconds) for name, seconds in found.items() if seconds > -EVERY_S}


def is_full(url: str, queue: str, enough: int) -> bool:
    """Return whether `enough` messages wait in a queue of the broker; False when it does not respond."""
    try:
        return int(_client(url).llen(queue)) >= enough
    except (redis.RedisError, OSError):
        return False
