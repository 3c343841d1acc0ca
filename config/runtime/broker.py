"""Broker transport that reconnects with short, bounded pauses.

Needs no Django, since beat has none.
"""

from __future__ import annotations

from typing import Any, Final

from celery.app.amqp import AMQP
from kombu import Connection

# Celery's own pauses grow to thirty seconds, for which nothing would be woken after a long outage.
FIRST_PAUSE_S: Final = 1
MAX_PAUSE_S: Final = 3


class Persistent(Connection):
    """A connection that is tried anew every few seconds."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        """As Celery's, with pauses of at most `MAX_PAUSE_S` seconds between two attempts."""
        pauses = {"interval_start": FIRST_PAUSE_S, "interval_step": 1, "interval_max": MAX_PAUSE_S}
        return super().ensure_connection(*args, **{**pauses, **kwargs})


class Broker(AMQP):
    """What an app names as its `amqp`."""

    Connection = Persistent
    BrokerConnection = Persistent
