"""Broker transport that reconnects with short, bounded pauses.

Independent of Django, which beat does not load.
"""

from __future__ import annotations

from typing import Any, Final

from celery.app.amqp import AMQP
from kombu import Connection

# Celery's own pauses grow to thirty seconds, during which nothing is woken after a long outage.
FIRST_PAUSE_S: Final = 1
MAX_PAUSE_S: Final = 3


class Persistent(Connection):
    """Connection that reconnects every few seconds."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        """Connect like Celery's, with pauses of at most `MAX_PAUSE_S` seconds between attempts."""
        pauses = {"interval_start": FIRST_PAUSE_S, "interval_step": 1, "interval_max": MAX_PAUSE_S}
        return super().ensure_connection(*args, **{**pauses, **kwargs})


class Broker(AMQP):
    """AMQP class for apps that should use `Persistent`."""

    Connection = Persistent
    BrokerConnection = Persistent
