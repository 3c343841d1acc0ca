"""How many events a token and a workspace may send in a second, counted together by all web processes.

Half of a limit is shared out to the processes beforehand and costs nothing to take; the rest is leased
from Valkey in blocks. With Valkey away each process goes by an equal share of the whole.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import redis

from core.errors import RateLimited
from core.nudge import valkey

BLOCKS = 20


@dataclass(slots=True)
class _Second:
    at: int = 0
    left: int = 0
    leased: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """`name` ("token:7") may send `events` a second."""

    name: str
    events: int


class Meter:
    """One process's share of every limit."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._seconds: dict[str, _Second] = {}

    def take(self, limit: Limit, events: int) -> bool:
        """Take from what this process holds; False: ask `lease`, which may wait for Valkey."""
        second = self._second(limit)
        # A batch larger than the limit would never pass: it costs a whole second's worth.
        cost = min(events, limit.events)
        if second.left < cost:
            return False
        second.left -= cost
        return True

    def lease(self, limit: Limit, events: int) -> None:
        """Get a block more. Raises RateLimited when this second's limit is used up."""
        second = self._second(limit)
        cost = min(events, limit.events)
        missing = max(cost - second.left, limit.events // BLOCKS, 1)
        second.left += self._granted(limit, second, missing)
        if second.left < cost:
            raise RateLimited(
                f"Nothing was stored: the limit is {limit.events} events a second ({limit.name}).",
                headers={"Retry-After": "1"},
            )

    def _granted(self, limit: Limit, second: _Second, wanted: int) -> int:
        shared = limit.events - self._free(limit) * self._processes
        key = f"tocsin:rate:{limit.name}:{second.at}"
        try:
            with valkey().pipeline(transaction=False) as pipe:
                pipe.incrby(key, wanted)
                pipe.expire(key, 5)
                used, _ = pipe.execute()
        except (redis.RedisError, OSError):
            return self._local_share(limit, second)
        return max(0, min(wanted, shared - (int(used) - wanted)))

    def _local_share(self, limit: Limit, second: _Second) -> int:
        if second.leased:
            return 0
        second.leased = True
        return max(1, limit.events // self._processes) - self._free(limit)

    def _free(self, limit: Limit) -> int:
        return limit.events // (2 * self._processes)

    def _second(self, limit: Limit) -> _Second:
        now = int(time.time())
        second = self._seconds.get(limit.name)
        if second is None or second.at != now:
            if len(self._seconds) > 10_000:
                self._seconds.clear()
            second = self._seconds[limit.name] = _Second(now, self._free(limit))
        return second
