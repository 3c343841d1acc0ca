"""The queue of requests to and from Slack."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare, periodic

SLACK: Final = declare(
    Queue(
        "slack",
        process="outbound",
        title="The worker for Slack",
        advice="Start the outbound worker. Rooms and messages catch up when it is back.",
        lease_s=60.0,
        threads=2,
        max_lag_s=60.0,
    )
)
periodic("reconcile war rooms", "warroom.reconcile", 300.0, SLACK)
periodic("probe Slack teams", "warroom.probe", 120.0, SLACK)
