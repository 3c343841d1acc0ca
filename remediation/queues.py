"""Queues of remediation: proposals, runs (never retried), and recovery watches."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare, periodic

ACTIONS: Final = declare(
    Queue(
        "actions",
        process="slow",
        title="The worker for remediation runs",
        advice="Start the slow worker. Approved runs are queued; none is lost or run twice.",
        lease_s=60.0,
        threads=2,
    )
)
RUN_DUE: Final = "remediation.run_due"
periodic("carry out remediation runs", RUN_DUE, 2.0, ACTIONS)
RECOVERY: Final = declare(
    Queue(
        "recovery",
        process="slow",
        title="The worker that watches recoveries",
        advice="Exit criteria are not checked and nothing is resolved automatically. Start the slow worker.",
        lease_s=60.0,
        threads=2,
        max_lag_s=60.0,
    )
)
