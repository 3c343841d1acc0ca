"""`python -m config.work QUEUE`: the worker of one queue, without the command line's weight."""

from __future__ import annotations

import socket
import sys

from config.celery import app
from config.schedule import DEFAULT, DETECTION

# Detection has one thing to do at a time and does it fastest in the main thread.
POOLS = {DETECTION: ("solo", 1), DEFAULT: ("threads", 4)}


def work(queue: str) -> int:
    """Blocks until a signal ends it. Returns the exit code."""
    pool, concurrency = POOLS[queue]
    worker = app.Worker(
        hostname=f"{queue}@{socket.gethostname()}",
        queues=[queue],
        pool_cls=pool,
        concurrency=concurrency,
        loglevel="INFO",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(work(sys.argv[1]))
