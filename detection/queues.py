"""Queue of event evaluation and its schedule."""

from __future__ import annotations

from typing import Final

from core.queue.declaration import Queue, declare, periodic
from core.queues import CLOCKS, UPKEEP

DETECTION: Final = declare(
    Queue(
        "detection",
        process="detection",
        title="The detection worker",
        advice="Start the detection worker. Events are stored; incidents open when it is back.",
        own_task="detection.evaluate",
    )
)
ANALYSIS: Final = declare(
    Queue(
        "analysis",
        process="outbound",
        title="The worker for the analysis of incidents",
        advice="Start the outbound worker. Incidents open without it; their analysis follows later.",
        max_lag_s=60.0,
    )
)
MODEL: Final = declare(
    Queue(
        "model",
        process="slow",
        title="The worker that asks the language model",
        advice="Start the slow worker. Incidents retain the analysis of the built-in rules.",
        lease_s=60.0,
        max_lag_s=300.0,
    )
)
periodic("evaluate events", "detection.evaluate", 1.0, DETECTION)
periodic("sweep rules", "detection.sweep_rules", 1.0, DETECTION)
periodic("maintain partitions", "detection.maintain_partitions", 600.0, UPKEEP)
periodic("refresh evidence", "detection.refresh_evidence", 2.0, CLOCKS)
