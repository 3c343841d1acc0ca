"""Quality checks failing again and again."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from detection.rules.event_types import event_types_of
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="quality_drop",
    name="Quality drop",
    description="Quality checks failing again and again.",
    incident_type=IncidentType.QUALITY_DROP,
    severity=Severity.SEV3,
    event_types=event_types_of(IncidentType.QUALITY_DROP),
    error_threshold=5,
    time_window_seconds=600,
    check_interval_seconds=120,
)
