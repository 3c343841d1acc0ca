"""Quality checks failing again and again."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="quality_drop",
    name="Quality drop",
    description="Quality checks failing again and again.",
    incident_type=IncidentType.QUALITY_DROP,
    severity=Severity.SEV3,
    event_types=("quality_check_failed", "quality_drop"),
    error_threshold=5,
    time_window_seconds=600,
    check_interval_seconds=120,
)
