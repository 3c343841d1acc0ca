"""kill -9 of a worker process in the middle of archiving and restoring: the next one continues."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest
from django.utils import timezone

from core.queue.runner import run_due
from incidents.archive import moving
from incidents.archive.models import IncidentArchive
from incidents.archive.queues import ARCHIVE
from incidents.archive.services.planning import plan_archives, request_restore
from tests.forking import close_connections
from tests.incidents.archive.test_archive import leaving_rows, make_old, rows_of

pytestmark = pytest.mark.django_db(transaction=True)
# The function of `moving` in which the worker dies, and the phase that is then in the database.
ARCHIVING = (("_move", "planned"), ("_fetch", "written"), ("_audit", "verified"))


def killed_in(name: str) -> None:
    """Let a forked worker do what is due, and die by SIGKILL when it comes to a function of `moving`."""
    close_connections()
    pid = os.fork()
    if pid == 0:
        _work_and_die(name)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), status
    assert os.WTERMSIG(status) == signal.SIGKILL
    IncidentArchive.across_workspaces.update(lease_until=None, due_at=timezone.now())  # the lease runs out


def _work_and_die(name: str) -> None:
    """In the child, with connections of its own; never returns."""
    try:
        setattr(moving, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        run_due(ARCHIVE, 1)
    finally:
        os._exit(0)  # reached only when it did not die: the parent sees that


def work() -> None:
    run_due(ARCHIVE, 1, at=timezone.now() + timedelta(days=1))


def test_worker_killed_by_signal_leaves_rows_to_the_next_one(actor, storage):
    old = make_old(actor, "Checkout returns 502")
    before = rows_of(old)
    plan_archives(old.workspace_id, [old], by="test")
    plans = IncidentArchive.objects.of(old.workspace_id).filter(incident=old)
    for name, phase in ARCHIVING:
        killed_in(name)
        assert (rows_of(old) == before, plans.get().phase) == (True, phase), name
    work()
    assert (leaving_rows(old), plans.get().phase) == (0, "archived")
    request_restore(actor, old.number, now=timezone.now())
    killed_in("_audit")
    assert (leaving_rows(old), plans.get().phase) == (0, "restoring")
    work()
    assert (rows_of(old) == before, plans.get().phase) == (True, "restored")
