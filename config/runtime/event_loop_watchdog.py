"""Exits the web process when its event loop hangs, so that it is restarted.

Python waits forever for a thread that could not start for lack of memory, and so does everything that waits
for the event loop. Exiting loses nothing: acknowledged events are in PostgreSQL.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Final
from weakref import WeakSet

CHECK_EVERY_S: Final = 1.0
# Checks, not seconds: a process that was stopped as a whole did not check either.
HUNG_AFTER_CHECKS: Final = 15
MESSAGE: Final = b"the event loop hangs; exiting to be restarted\n"
_watched: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


class EventLoopWatchdog:
    """Counts consecutive checks between which a loop did nothing."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ran = True
        self.missed = 0

    def has_hung(self) -> bool:
        """Return whether the loop has hung for long. Raises RuntimeError when it is closed."""
        self.missed = 0 if self._ran or not self._loop.is_running() else self.missed + 1
        self._ran = False
        self._loop.call_soon_threadsafe(self._run)
        return self.missed >= HUNG_AFTER_CHECKS

    def _run(self) -> None:
        self._ran = True


def watch() -> None:
    """Watch the running loop from a thread; does nothing when it is already watched."""
    loop = asyncio.get_running_loop()
    if loop not in _watched:
        threading.Thread(
            target=_watch_loop, args=(EventLoopWatchdog(loop),), name="event-loop-watchdog", daemon=True
        ).start()
        _watched.add(loop)


def _watch_loop(watchdog: EventLoopWatchdog) -> None:
    try:
        while not watchdog.has_hung():
            time.sleep(CHECK_EVERY_S)
        os.write(2, MESSAGE)  # the hung thread may hold the lock of the log
    except RuntimeError:
        return  # the loop is closed: the process is ending anyway
    except MemoryError:
        pass
    os._exit(70)
