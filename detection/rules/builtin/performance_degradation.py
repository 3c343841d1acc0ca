"""Slow requests piling up."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="performance_degradation",
    name="Performance degradation",
    description="Slow requests piling up.",
    incident_type=IncidentType.PERFORMANCE_DEGRADATION,
    severity=Severity.SEV3,
    event_types=("slow_request", "high_latency", "performance_degradation"),
    error_threshold=10,
    time_window_seconds=300,
    check_interval_seconds=60,
)
