"""Limits how many threads of a process do the same work at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Up to `limit` callers run and one more waits; the rest return at once.

    For work that processes everything there is to do: the waiting caller also covers those that returned.
    """

    def __init__(self, limit: int = 1) -> None:
        self._running = threading.Semaphore(limit)
        self._waiting = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Yield whether the caller should do the work."""
        if not self._waiting.acquire(blocking=False):
            yield False
            return
        self._running.acquire()
        self._waiting.release()
        try:
            yield True
        finally:
            self._running.release()
