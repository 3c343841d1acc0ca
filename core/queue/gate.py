"""Limits how many threads of a process do the same work at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Up to `limit` callers run and one more waits; the rest return at once.

    For work that looks for everything there is to do: the one that waits will see what the rest came for.
    """

    def __init__(self, limit: int = 1) -> None:
        self._running = threading.Semaphore(limit)
        self._waiting = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether the caller is to do the work."""
        if not self._waiting.acquire(blocking=False):
            yield False
            return
        self._running.acquire()
        self._waiting.release()
        try:
            yield True
        finally:
            self._running.release()
