"""A program: plans pages and sends them by workers that are killed with SIGKILL until all are settled.

    python -m tests.faults.dying_workers 60 4 7

Arguments: how many pages, how many early kills, the seed of when; later workers are killed every ten
seconds. Time is cut short: after each kill the leases of the dead worker end, and what waits for another
attempt is due.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time

import django

from tests.faults.plan_deliveries import first_workspace, plan

THREADS = 4
GIVE_UP_S, LAST_S = 150.0, 10.0


def _work() -> None:
    from django.db import DatabaseError, InterfaceError, connection

    from core.queue.runner import run_due
    from notifications.queues import PAGE

    while True:
        try:
            is_idle = not run_due(PAGE)
        except (DatabaseError, InterfaceError):  # as a worker: the next wake-up tries again
            connection.close()
            is_idle = True
        if is_idle:
            time.sleep(0.02)


def _worker() -> int:
    """A process that sends until it is killed. Returns its id."""
    if pid := os.fork():
        return pid
    for _ in range(THREADS):
        threading.Thread(target=_work, daemon=True).start()
    signal.pause()
    os._exit(0)


def _disconnect() -> None:
    """No connection may be shared with a child."""
    from django.db import connection, connections

    connections.close_all()
    connection.close_pool()


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _hurry(*, ends_leases: bool) -> int:
    """Make what waits due. Returns how many are left."""
    from django.db import connection
    from django.db.models.functions import Now

    from notifications.deliveries.models import Delivery

    rows = Delivery.across_workspaces.filter(state="pending")
    if ends_leases:
        rows.update(lease_until=None)
    rows.filter(lease_until=None).update(due_at=Now())
    left = rows.count()
    connection.close()
    return left


def main(count: int, kills: int, seed: int) -> int:
    """Returns the exit status: 0 when nothing is left."""
    plan(first_workspace(), count)
    dice, end = random.Random(seed), time.monotonic() + GIVE_UP_S
    for _ in range(kills):
        _disconnect()
        pid = _worker()
        time.sleep(dice.uniform(0.2, 0.5))
        _kill(pid)
        _hurry(ends_leases=True)
    while (left := _hurry(ends_leases=True)) and time.monotonic() < end:
        _disconnect()
        pid = _worker()
        until = time.monotonic() + LAST_S
        while _hurry(ends_leases=False) and time.monotonic() < until:
            time.sleep(0.2)
        _kill(pid)
    return 1 if left else 0


if __name__ == "__main__":
    django.setup()
    sys.exit(main(*map(int, sys.argv[1:4])))
