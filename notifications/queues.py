"""Delivery queues; separate ones, so that pages never wait for notices."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare

PAGE: Final = declare(
    Queue(
        "page",
        process="outbound",
        title="The worker for pages",
        advice="Start the outbound worker. Pages are queued and sent when it is back.",
        threads=6,
    )
)
NOTICE: Final = declare(
    Queue(
        "notice",
        process="outbound",
        title="The worker for notices",
        advice="Start the outbound worker. Notices are queued and sent when it is back.",
        threads=4,
        max_lag_s=120.0,
    )
)
