"""Queues of deliveries: pages never wait behind notices."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare

PAGE: Final = declare(
    Queue(
        "page",
        process="outbound",
        title="The worker for pages",
        advice="Start the worker outbound. Pages are queued and sent when it is back.",
        period_s=1.0,
        threads=6,
    )
)
NOTICE: Final = declare(
    Queue(
        "notice",
        process="outbound",
        title="The worker for notices",
        advice="Start the worker outbound. Notices are queued and sent when it is back.",
        threads=4,
        max_lag_s=120.0,
    )
)
