"""Worker of the queues of one process: `python -m config.runtime.worker_main PROCESS`."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from config.celery import app
from core.queue.declaration import DUE_EVERY_S, queues_of

# Most tasks only wake the threads of a queue; these few run in the worker itself.
THREADS: Final = 4
# Events have the highest priority: consequences of an incident must not delay the next one on a machine of
# two cores.
NICE: Final = {"outbound": 5, "slow": 10}


def work(process: str) -> int:
    """Run until a signal ends it. Returns the exit code."""
    _lower_priority(NICE.get(process, 0))
    # Django's system checks find faults of the program, not of an installation, so `make check` runs them.
    # Here they would take half a second and copy 12 MiB of shared memory: they touch all models and URLs.
    os.environ["CELERY_SKIP_CHECKS"] = "1"
    worker = app.Worker(
        hostname=f"{process}@{socket.gethostname()}",
        queues=[*(queue.name for queue in queues_of(process)), *({process} & DUE_EVERY_S.keys())],
        pool_cls="threads",
        concurrency=THREADS,
        loglevel="INFO",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _lower_priority(level: int) -> None:
    """Lower the priority, also of the autogroup: Linux may schedule by sessions, and each program is one."""
    os.nice(level)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(level))


if __name__ == "__main__":
    sys.exit(work(sys.argv[1]))
