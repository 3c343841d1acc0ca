"""Process heartbeats in Valkey, read by `/readyz`.

How old one is tells the time it has left to live there: one clock for all, whatever each machine's says.
Losing Valkey loses the signs; the next beat or task leaves new ones. Needs no Django, since beat has none.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence

import redis

KEPT_S = 7200
PREFIX = "tocsin:alive:"
EVERY_S = 1.0
BEGUN = "beat:begun"  # left when beat starts: what is due seldom has not been due yet
_last: dict[str, float] = {}


@functools.cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=0.5, retry=None)


def stamp(url: str, name: str) -> None:
    """Say that `name` is alive, at most once a second; never raises, for life goes on without Valkey."""
    now = time.monotonic()
    if now - _last.get(name, -EVERY_S) < EVERY_S:
        return
    _last[name] = now
    try:
        _client(url).set(f"{PREFIX}{name}", 1, ex=KEPT_S)
    except (redis.RedisError, OSError):
        return


def begin(url: str, name: str) -> bool:
    """Leave when `name` began, unless a beginning within two hours is known. Whether that could be said."""
    try:
        _client(url).set(f"{PREFIX}{name}", 1, ex=KEPT_S, nx=True)
    except (redis.RedisError, OSError):
        return False
    return True


def age(url: str, name: str) -> float | None:
    """Seconds since `name` was last seen alive; None when it never was. Raises redis.RedisError."""
    return ages(url, [name]).get(name)


def ages(url: str, names: Sequence[str]) -> dict[str, float]:
    """Seconds since each of `names` was last seen; those never seen are left out. Raises redis.RedisError.

    Left out as well is what is younger than new, as after a jump of Valkey's clock: whoever lives says so
    again within seconds. One round trip.
    """
    if not names:
        return {}
    asked = _client(url).pipeline(transaction=False)
    for name in names:
        asked.pttl(f"{PREFIX}{name}")
    left = dict(zip(names, asked.execute(), strict=True))
    found = {name: KEPT_S - milliseconds / 1000 for name, milliseconds in left.items() if milliseconds >= 0}
    return {name: max(0.0, seconds) for name, seconds in found.items() if seconds > -EVERY_S}


def is_full(url: str, queue: str, enough: int) -> bool:
    """Whether `enough` messages wait in a queue of the broker; False when it does not answer."""
    try:
        return int(_client(url).llen(queue)) >= enough
    except (redis.RedisError, OSError):
        return False
