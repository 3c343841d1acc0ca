"""Health check of detection lag."""

from __future__ import annotations

from typing import Final

from core.health.checks import LAG_LATE_S, CheckResult, health_check, seconds_of, waiting

OLDEST: Final = (
    "select greatest(0, extract(epoch from clock_timestamp() - min(created_at))) from detection_pending"
)


@health_check("detection", "Detection", requires="database")
def _detection() -> CheckResult:
    advice = "Check the log of the detection worker. Events are stored; incidents open late."
    return waiting("event to be looked at", seconds_of(OLDEST), LAG_LATE_S, advice)
