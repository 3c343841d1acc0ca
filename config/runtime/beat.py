"""Celery beat without Django: `REDIS_URL=… celery -A config.runtime.beat beat`. Running two is safe.

It keeps its schedule in memory, sends a heartbeat, and waits while the broker is down.
"""

from __future__ import annotations

import functools
import os
import time
from typing import Any, Final

from celery import Celery
from celery.beat import Scheduler
from celery.signals import setup_logging

from config.runtime.logging import configure
from config.runtime.schedule import CELERY
from core.heartbeat.valkey import BEGUN, begin, is_full, stamp

ENOUGH: Final = 10
JUMP_S: Final = 1.0
# Not the current app: code that shares this process, by a fork or in a test, sends through the workers' app.
app = Celery("tocsin", fixups=[], amqp="config.runtime.broker:Broker", set_as_current=False)
app.conf.update(CELERY, broker_url=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))


class StatelessScheduler(Scheduler):
    """Scheduler with a static, short schedule: nothing is stored between two starts."""

    _ahead: float | None = None
    _has_begun = False

    @functools.cached_property
    def _url(self) -> str:
        """Of Valkey; Celery looks a setting up in four places each time."""
        return str(self.app.conf.broker_url)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due. Returns the seconds until the next message."""
        self._has_begun = self._has_begun or begin(self._url, BEGUN)
        self._follow_the_clock()
        pause: float = super().tick(*args, **kwargs)
        stamp(self._url, "beat")
        return pause

    def schedules_equal(self, *_: Any, **__: Any) -> bool:
        """Nothing changes the schedule, so it need not be compared at every tick."""
        return True

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send the task unless so many messages of its queue wait that another would be useless.

        Tasks with a long period are sent in any case: they would not be due again for long.
        """
        is_frequent = entry.schedule.run_every.total_seconds() < 60
        if not (is_frequent and is_full(self._url, entry.options["queue"], ENOUGH)):
            super().apply_entry(entry, producer=producer)

    def _follow_the_clock(self) -> None:
        """Restart the schedule after a clock change: set back an hour, all would be due in an hour."""
        ahead = time.time() - time.monotonic()
        if self._ahead is not None and abs(ahead - self._ahead) > JUMP_S:
            for entry in self.schedule.values():
                entry.last_run_at = entry.default_now()
            self._heap = None
        self._ahead = ahead


@setup_logging.connect
def _use_our_logging(**_: Any) -> None:
    configure()
