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
            # A batch larger than the limit would never pass: it costs a whole window's worth.
            cost = min(amount, limit.most)
            if window.left < cost:
                return False
            window.left -= cost
            return True

    def lease(self, limit: Limit, amount: int = 1) -> None:
        """Lease blocks until they suffice, and take.

        Raises RateLimited when the window's limit is used up.
        """
        while not self.take(limit, amount):
            with self._lock:
                missing = min(amount, limit.most) - self._window(limit).left
            granted = self._granted(limit, max(missing, limit.most // BLOCKS_PER_LIMIT, 1))
            if not granted:
                raise _refusal(limit)
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
