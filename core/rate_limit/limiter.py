"""Rate limiter shared by all web processes.

Half of a limit is split between the processes beforehand and costs nothing to take; the rest is leased from
PostgreSQL in blocks. So a flushed cache resets no limit and a request rarely costs a statement.
"""

from __future__ import annotations

import functools
import threading
import time
from dataclasses import dataclass

from django.conf import settings

from core.errors import RateLimited
from core.rate_limit import store as rate_limit_store

BLOCKS_PER_LIMIT = 20
MAX_NAMES = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`name` ("token:7") may use `most` of what `unit` names in every `window_s` seconds.

    Errors contain `unit`, never `name`.
    """

    name: str
    most: int
    window_s: int = 1
    unit: str = "events a second"


@dataclass(slots=True)
class _Window:
    at: int = 0
    left: int = 0


class RateLimiter:
    """One process's share of every limit."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._windows: dict[str, _Window] = {}
        # Used by the event loop and by threads; held for a few instructions, never while waiting.
        self._lock = threading.Lock()

    def take(self, limit: Limit, amount: int = 1) -> bool:
        """Take from this process's share.

        Returns False if it is used up: then call `lease`, which queries the database.
        """
        with self._lock:
            window = self._window(limit)
            cost = self._cost(limit, amount)
            if window.left < cost:
                return False
            window.left -= cost
            return True

    def lease(self, limit: Limit, amount: int = 1) -> None:
        """Lease blocks until they suffice, and take.

        Raises RateLimited when the window's limit is used up; what was leased is returned then.
        """
        leased, began = 0, int(time.time()) // limit.window_s
        while not self.take(limit, amount):
            with self._lock:
                missing = self._cost(limit, amount) - self._window(limit).left
            granted = self._granted(limit, max(missing, limit.most // BLOCKS_PER_LIMIT, 1))
            if not granted:
                self._release(limit, leased, began)
                raise _refusal(limit)
            leased += granted
            with self._lock:
                # The window may have ended during the query; what was granted is not lost then.
                self._window(limit).left += granted

    def charge(self, limit: Limit, amount: int = 1) -> None:
        """Take or lease. Raises RateLimited, and django's DatabaseError."""
        if not self.take(limit, amount):
            self.lease(limit, amount)

    def _granted(self, limit: Limit, wanted: int) -> int:
        shared = limit.most - self._free(limit) * self._processes
        return rate_limit_store.consume(limit.name, shared, wanted=wanted, window_s=limit.window_s)

    def _release(self, limit: Limit, leased: int, began: int) -> None:
        """Return what is left of `leased` units to the other processes, in the window they were leased in."""
        with self._lock:
            window = self._window(limit)
            unused = min(leased, window.left) if window.at == began else 0
            window.left -= unused
        if unused:
            rate_limit_store.release(limit.name, unused)

    def _cost(self, limit: Limit, amount: int) -> int:
        """Return what `amount` costs: at most what this process can get in a window.

        That is all but the free shares of the others. A batch larger than that would never pass.
        """
        return min(amount, limit.most - self._free(limit) * (self._processes - 1))

    def _free(self, limit: Limit) -> int:
        return limit.most // (2 * self._processes)

    def _window(self, limit: Limit) -> _Window:
        now = int(time.time()) // limit.window_s
        window = self._windows.get(limit.name)
        if window is None or window.at != now:
            if len(self._windows) > MAX_NAMES:
                self._windows.clear()
            window = self._windows[limit.name] = _Window(now, self._free(limit))
        return window


def _refusal(limit: Limit) -> RateLimited:
    wait = limit.window_s - int(time.time()) % limit.window_s
    return RateLimited(
        f"Nothing was done: the limit is {limit.most} {limit.unit}.",
        headers={"Retry-After": str(wait)},
    )


@functools.cache
def rate_limiter() -> RateLimiter:
    """Return the process's rate limiter, shared by all entry points."""
    return RateLimiter(settings.WEB_WORKERS)
