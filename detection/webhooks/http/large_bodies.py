"""Limits the processing of large request bodies to a quarter of a process's time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

LARGE_BYTES: Final = 64_000
RESTS: Final = 3  # as a multiple of the processing time
MAX_REST_S: Final = 0.5


class LargeBodies:
    """Processes one large body at a time.

    The next waits `RESTS` times as long as the last took, at most `MAX_REST_S`. Threads share one
    interpreter: senders that repeat large groups would starve people's requests.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._free_at = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until it is this request's turn."""
        with self._lock:
            time.sleep(max(0.0, self._free_at - time.monotonic()))
            began = time.monotonic()
            try:
                yield
            finally:
                ended = time.monotonic()
                self._free_at = ended + min(RESTS * (ended - began), MAX_REST_S)


_shared: Final = LargeBodies()


@contextmanager
def turn_of(size: int) -> Iterator[None]:
    """Return the turn of a request with a body of `size` bytes; a small one never waits."""
    if size <= LARGE_BYTES:
        yield
        return
    with _shared.turn():
        yield
