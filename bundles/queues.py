"""The inspection queue, and periodic jobs."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare, periodic
from core.queues import UPKEEP

INSPECTION: Final = declare(
    Queue(
        "inspection",
        process="slow",
        title="The worker that inspects diagnostic bundles",
        advice="Start the slow worker. Uploaded bundles are inspected when it is back.",
        lease_s=300.0,
        threads=1,
        max_lag_s=300.0,
    )
)
periodic("complete lost uploads", "bundles.complete_lost", 60.0, UPKEEP)
periodic("expire bundles", "bundles.expire", 300.0, UPKEEP)
periodic("purge bundles", "bundles.purge", 60.0, UPKEEP)
