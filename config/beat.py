"""Beat without Django: `REDIS_URL=… celery -A config.beat beat`. Two of them do no harm.

It keeps its schedule in memory, tells that it lives, and waits out a broker that is away.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.beat import Scheduler
from celery.signals import setup_logging

from config.logging import configure
from config.schedule import CELERY
from core.liveness import stamp

# Not the current one: what shares this process, by a fork or in a test, sends through the workers' app.
app = Celery("tocsin", fixups=[], amqp="config.broker:Broker", set_as_current=False)
app.conf.update(CELERY, broker_url=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))


class LivelyScheduler(Scheduler):
    """The schedule is static and short, so nothing is stored between two starts."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due. Returns the seconds until the next message."""
        pause: float = super().tick(*args, **kwargs)
        stamp(self.app.conf.broker_url, "beat")
        return pause


@setup_logging.connect
def _use_our_logging(**_: Any) -> None:
    configure()
