"""Heartbeat of the web processes, so that others can tell when beat's messages could not arrive."""

from __future__ import annotations

import multiprocessing
import threading
import time
from typing import Final

from django.db import connection

from core.heartbeat.database import EVERY_S, WEB, stamp

_started: Final = threading.Event()


def stamp_along() -> None:
    """Start the heartbeat thread of this process, once; only in a worker process of the web server."""
    if _started.is_set() or multiprocessing.parent_process() is None:
        return
    _started.set()
    threading.Thread(target=_stamp, name="web heartbeat", daemon=True).start()


def _stamp() -> None:
    while True:
        stamp(WEB)
        connection.close()  # return it to the pool; after a failure the next one is fresh
        time.sleep(EVERY_S)
