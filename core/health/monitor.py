"""Background health monitor: which checks fail, and since when.

Pages read the last result and never wait for a server that may hang. Checks run only while pages are
requested.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from core.health.checks import TITLES, CheckResult, examine

EVERY_S: Final = 5.0
STALE_S: Final = 15.0
WAIT_S: Final = 0.5
SAME_START: Final = timedelta(seconds=30)  # starts computed from an age differ a little at each check
REQUESTED_WITHIN_S: Final = 60.0
# Workers start after the web server: one without a heartbeat since this process began may still be starting.
STARTING_S: Final = 40.0


@dataclass(frozen=True, slots=True)
class FailingCheck:
    """A failing check: its name, title, advice, and when it began to fail.

    workspaces: ids of those affected; None: all of them.
    """

    name: str
    title: str
    advice: str
    since: datetime
    workspaces: frozenset[int] | None = None


def affecting(checks: Iterable[FailingCheck], workspace_id: int | None) -> tuple[FailingCheck, ...]:
    """Return the checks that affect the workspace."""
    return tuple(one for one in checks if one.workspaces is None or workspace_id in one.workspaces)


Examine = Callable[[], Mapping[str, CheckResult]]


class HealthMonitor:
    """Health state cached by one process. examine: the function that runs the checks."""

    def __init__(self, examine: Examine, *, starting_s: float = STARTING_S) -> None:
        self._examine = examine
        self._lenient_until = time.monotonic() + starting_s
        self._failing_checks: tuple[FailingCheck, ...] = ()
        self._checked_at = float("-inf")
        self._requested_at = float("-inf")
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._checked = threading.Event()

    def failing_checks(self) -> tuple[FailingCheck, ...]:
        """Return what failed a few seconds ago, oldest first; waits for at most half a second."""
        self.last_result()
        if time.monotonic() - self._checked_at > STALE_S:
            self._checked.wait(WAIT_S)
        return self._failing_checks

    def last_result(self) -> tuple[FailingCheck, ...]:
        """Return the last result without waiting."""
        self._ensure_running()
        return self._failing_checks

    def check_now(self) -> None:
        """Run the checks now; takes as long as they take."""
        found, before = self._examine(), {check.name: check for check in self._failing_checks}
        wrong = {name: result for name, result in found.items() if result.level != "ok"}
        if time.monotonic() < self._lenient_until:
            wrong = {name: result for name, result in wrong.items() if result.level == "fail"}
        failing = [_failing_check(name, result, before.get(name)) for name, result in wrong.items()]
        self._failing_checks = tuple(sorted(failing, key=lambda check: check.since))
        self._checked_at = time.monotonic()
        self._checked.set()

    def _ensure_running(self) -> None:
        self._requested_at = time.monotonic()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._checked.clear()
                if time.monotonic() - self._checked_at > STALE_S:
                    self._failing_checks = ()  # no one knows what happened since
                self._thread = threading.Thread(target=self._run, name="health-monitor", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while time.monotonic() - self._requested_at < REQUESTED_WITHIN_S:
            try:
                self.check_now()
            finally:
                connection.close()  # a thread of its own must not hold a pooled connection
            time.sleep(EVERY_S)


def _failing_check(name: str, result: CheckResult, before: FailingCheck | None) -> FailingCheck:
    """Build a failing check; if it failed before, it keeps the time unless the check returns another one."""
    since = result.since or (before.since if before else timezone.now())
    if before and abs(since - before.since) < SAME_START:
        since = before.since
    return FailingCheck(name, TITLES.get(name, name), result.advice, since, result.workspaces)


HEALTH_MONITOR: Final = HealthMonitor(examine)
