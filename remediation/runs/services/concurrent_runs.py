"""Executes due runs concurrently, so that a slow target does not delay others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from django.db import connection

from core.queue.shutdown import STOPPING
from remediation.runs.models import RemediationRun
from remediation.runs.services.running import expire_waiting, follow, start, to_follow, to_start

log = logging.getLogger(__name__)
MAX_AT_ONCE: Final = 8  # threads per process, which hold no database connection during calls
_pool: Final = ThreadPoolExecutor(MAX_AT_ONCE, thread_name_prefix="remediation")
_lock: Final = threading.Lock()
_busy: Final[set[int]] = set()  # runs in progress or queued in this process


def run_due_concurrently() -> list[Future[int]]:
    """Expire overdue runs; start or poll every due run in a thread, without waiting."""
    expire_waiting()
    steps = [(start, run) for run in to_start()] + [(follow, run) for run in to_follow()]
    return [_begin(step, run) for step, run in steps if not STOPPING.is_set() and _take(run.pk)]


def _take(run_id: int) -> bool:
    """Reserve a run for a thread of this process. Returns whether it was free."""
    with _lock:
        is_free = run_id not in _busy
        _busy.add(run_id)
        return is_free


def _begin(step: Callable[[RemediationRun], int], run: RemediationRun) -> Future[int]:
    begun = _pool.submit(_in_thread, step, run)
    begun.add_done_callback(_report)
    return begun


def _in_thread(step: Callable[[RemediationRun], int], run: RemediationRun) -> int:
    try:
        return step(run)
    finally:
        connection.close()
        with _lock:
            _busy.discard(run.pk)


def _report(done: Future[int]) -> None:
    if error := done.exception():
        log.error("A step of a remediation run failed", exc_info=error)
