"""How many events a token and a workspace may send in a second, counted together by all web processes.

Half of a limit is shared out to the processes beforehand and costs nothing to take; the rest is leased
from Valkey in blocks. With Valkey away each process goes by an equal share of the whole.
"""

from __future__ import annotations

import functools
import threading
import time
from dataclasses import dataclass

import redis
from django.conf import settings

from accounts.actor import Actor
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


def limits_of(actor: Actor) -> list[Limit]:
    """What holds for a sender: its workspace's limit, and its token's if it has one."""
    limits = [Limit(f"workspace:{actor.workspace_id}", settings.EVENT_LIMIT_PER_WORKSPACE)]
    if actor.token_id is not None:
        limits.append(Limit(f"token:{actor.token_id}", settings.EVENT_LIMIT_PER_TOKEN))
    return limits


class Meter:
    """One process's share of every limit."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._seconds: dict[str, _Second] = {}
        # Asked from the event loop and from threads; held for a few instructions, never while waiting.
        self._lock = threading.Lock()

    def take(self, limit: Limit, events: int) -> bool:
        """Take from what this process holds; False: ask `lease`, which may wait for Valkey."""
        with self._lock:
            second = self._second(limit)
            # A batch larger than the limit would never pass: it costs a whole second's worth.
            cost = min(events, limit.events)
            if second.left < cost:
                return False
            second.left -= cost
            return True

    def lease(self, limit: Limit, events: int) -> None:
        """Get blocks until they suffice, and take. Raises RateLimited when this second's limit is used up."""
        while not self.take(limit, events):
            with self._lock:
                second = self._second(limit)
            cost = min(events, limit.events)
            granted = self._granted(limit, second, max(cost - second.left, limit.events // BLOCKS, 1))
            if not granted:
                raise RateLimited(
                    f"Nothing was stored: the limit is {limit.events} events a second ({limit.name}).",
                    headers={"Retry-After": "1"},
                )
            with self._lock:
                # The clock may have moved on while Valkey was asked; what was granted is not lost then.
                self._second(limit).left += granted

    def charge(self, actor: Actor, events: int) -> None:
        """Take or lease from every limit of the sender. Raises RateLimited; may wait for Valkey."""
        for limit in limits_of(actor):
            if not self.take(limit, events):
                self.lease(limit, events)

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


@functools.cache
def meter() -> Meter:
    """The process's meter, whichever way events come in."""
    return Meter(settings.WEB_WORKERS)
