"""Slow requests piling up."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from detection.rules.event_types import event_types_of
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="performance_degradation",
    name="Performance degradation",
    description="Slow requests piling up.",
    incident_type=IncidentType.PERFORMANCE_DEGRADATION,
    severity=Severity.SEV3,
    event_types=event_types_of(IncidentType.PERFORMANCE_DEGRADATION),
    error_threshold=10,
    time_window_seconds=300,
    check_interval_seconds=60,
)
