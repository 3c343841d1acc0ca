"""Queues of page builds and messages to subscribers."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare

STATUS_PAGE: Final = declare(
    Queue(
        "status-page",
        process="outbound",
        title="The worker that renders status pages",
        advice="Start the outbound worker. Pages show their last state, with its time, until it runs again.",
        lease_s=30.0,
        max_lag_s=20.0,
    )
)
SUBSCRIBERS: Final = declare(
    Queue(
        "status-subscribers",
        process="outbound",
        title="The worker that notifies subscribers of status pages",
        advice="Start the outbound worker. Subscribers are notified when it is back.",
        lease_s=60.0,
        threads=2,
        max_lag_s=120.0,
    )
)
