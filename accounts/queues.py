"""Queues and periodic tasks of accounts."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare, periodic
from core.queues import UPKEEP

MAIL: Final = declare(
    Queue(
        "invitation",
        process="outbound",
        title="The worker for invitation mails",
        advice="Start the outbound worker. Invitations are stored and mailed when it is back.",
        max_lag_s=120.0,
    )
)
periodic("prune sign-ins", "accounts.prune", 1200.0, UPKEEP)
periodic("refill shifts", "accounts.refill_shifts", 3600.0, UPKEEP)
