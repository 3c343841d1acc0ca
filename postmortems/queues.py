"""Queues of drafts and meeting mails."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare, periodic
from core.queues import UPKEEP

DRAFT: Final = declare(
    Queue(
        "draft",
        process="slow",
        title="The worker for postmortem drafts",
        advice="Start the slow worker. Drafts are written when it is back.",
        lease_s=60.0,
        threads=1,
        max_lag_s=60.0,
    )
)
MEETING: Final = declare(
    Queue(
        "meeting",
        process="outbound",
        title="The worker for meeting mails",
        advice="Start the outbound worker. Invitations are stored and mailed when it is back.",
        max_lag_s=120.0,
    )
)
periodic("follow action items through", "postmortems.follow_through", 600.0, UPKEEP)
