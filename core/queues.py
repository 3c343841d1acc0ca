"""Queues of the core, and queues that several apps share."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare, periodic

RELAY: Final = declare(
    Queue(
        "relay",
        process="outbound",
        title="The worker for live updates and events between apps",
        advice="Start the outbound worker. Live updates and notices go out when it is back.",
        lease_s=10.0,
        threads=3,
    )
)
CLOCKS: Final = declare(
    Queue(
        "clocks",
        process="outbound",
        title="The worker for SLA targets and escalation",
        advice="Start the outbound worker. Timers are rows; those that are due run when it is back.",
    )
)
UPKEEP: Final = declare(
    Queue(
        "upkeep",
        process="slow",
        title="The worker for reminders and clean-up",
        advice="Start the slow worker. Old rows stay until it is back.",
        lease_s=120.0,
        threads=2,
        max_lag_s=600.0,
    )
)
periodic("prune queues", "core.prune", 600.0, UPKEEP)
