"""Queue of incidents to archive and to restore."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare, periodic

ARCHIVE: Final = declare(
    Queue(
        "archive",
        process="slow",
        title="The worker for archives of incidents",
        advice="Start the slow worker. Incidents stay in the database until it is back.",
        lease_s=600.0,
        max_lag_s=7200.0,
    )
)
periodic("plan archives", "incidents.plan_archives", 3600.0, ARCHIVE)
