"""Background health monitor: which checks fail, and since when.

Pages read the last result and never wait for a server that may hang. Checks run only while pages are
requested.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.utils import timezone

from core.health.checks import TITLES, CheckResult, examine

EVERY_S: Final = 5.0
STALE_S: Final = 15.0
WAIT_S: Final = 0.5
ASKED_WITHIN_S: Final = 60.0
# Workers start after the web server: one without a heartbeat since this process began may still be starting.
STARTING_S: Final = 40.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failing check: its name, title, advice, and when it began to fail.

    workspaces: ids of those affected; None: all of them.
    """

    name: str
    title: str
    advice: str
    since: datetime
    workspaces: frozenset[int] | None = None


def concerning(troubles: Iterable[Trouble], workspace_id: int | None) -> tuple[Trouble, ...]:
    """Return the troubles that a member of the workspace should know of."""
    return tuple(one for one in troubles if one.workspaces is None or workspace_id in one.workspaces)


Examine = Callable[[], Mapping[str, CheckResult]]


class HealthMonitor:
    """Health state cached by one process. examine: the function that runs the checks."""

    def __init__(self, examine: Examine, *, starting_s: float = STARTING_S) -> None:
        self._examine = examine
        self._calm_until = time.monotonic() + starting_s
        self._troubles: tuple[Trouble, ...] = ()
        self._looked_at = float("-inf")
        self._asked_at = float("-inf")
        self._looker: threading.Thread | None = None
        self._lock = threading.Lock()
        self._looked = threading.Event()

    def troubles(self) -> tuple[Trouble, ...]:
        """Return what failed a few seconds ago, oldest first; waits for at most half a second."""
        self.known()
        if time.monotonic() - self._looked_at > STALE_S:
            self._looked.wait(WAIT_S)
        return self._troubles

    def known(self) -> tuple[Trouble, ...]:
        """Return the last result without waiting."""
        self._keep_looking()
        return self._troubles

    def look(self) -> None:
        """Run the checks now; takes as long as they take."""
        found, before = self._examine(), {trouble.name: trouble for trouble in self._troubles}
        wrong = {name: finding for name, finding in found.items() if finding.level != "ok"}
        if time.monotonic() < self._calm_until:
            wrong = {name: finding for name, finding in wrong.items() if finding.level == "fail"}
        troubles = [_trouble(name, finding, before.get(name)) for name, finding in wrong.items()]
        self._troubles = tuple(sorted(troubles, key=lambda trouble: trouble.since))
        self._looked_at = time.monotonic()
        self._looked.set()

    def _keep_looking(self) -> None:
        self._asked_at = time.monotonic()
        with self._lock:
            if self._looker is None or not self._looker.is_alive():
                self._looked.clear()
                self._looker = threading.Thread(target=self._look_on, name="glance", daemon=True)
                self._looker.start()

    def _look_on(self) -> None:
        while time.monotonic() - self._asked_at < ASKED_WITHIN_S:
            try:
                self.look()
            finally:
                connection.close()  # a thread of its own must not hold a pooled connection
            time.sleep(EVERY_S)


def _trouble(name: str, finding: CheckResult, before: Trouble | None) -> Trouble:
    """Build a trouble; a continuing one keeps the time it was first seen unless the check knows better."""
    since = finding.since or (before.since if before else timezone.now())
    return Trouble(name, TITLES.get(name, name), finding.advice, since, finding.workspaces)


HEALTH_MONITOR: Final = HealthMonitor(examine)
