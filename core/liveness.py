"""Signs of life: each process stamps the clock into Valkey, and `/readyz` reads how old the stamps are.

Losing Valkey loses the stamps; the next beat or task writes new ones. Needs no Django, since beat has none.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence

import redis

KEPT_S = 7200
EVERY_S = 1.0
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
        _client(url).set(f"tocsin:alive:{name}", repr(time.time()), ex=KEPT_S)
    except (redis.RedisError, OSError):
        return


def seen_at(url: str, name: str) -> float | None:
    """When `name` was last seen alive, in seconds of the epoch; None when it never was. Raises RedisError."""
    seen = _client(url).get(f"tocsin:alive:{name}")
    return None if seen is None else float(seen)


def age(url: str, name: str) -> float | None:
    """Seconds since `name` was last seen alive; None when it never was. Raises redis.RedisError."""
    seen = seen_at(url, name)
    return None if seen is None else max(0.0, time.time() - seen)


def seen_times(url: str, names: Sequence[str]) -> dict[str, float]:
    """When each of `names` was last seen, in seconds since 1970; those never seen are left out.

    One round trip. Raises redis.RedisError.
    """
    if not names:
        return {}
    found = _client(url).mget([f"tocsin:alive:{name}" for name in names])
    return {name: float(seen) for name, seen in zip(names, found, strict=True) if seen is not None}
