"""Five events of level error or worse from one service within five minutes."""

from __future__ import annotations

from detection.models import Level
from detection.rules.builtin_rules import BuiltinRule
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="service_errors",
    name="Errors from one service",
    description="Five events of level error or worse from one service within five minutes.",
    incident_type=IncidentType.ERROR_BURST,
    severity=Severity.SEV2,
    minimum_level=Level.ERROR,
    error_threshold=5,
    time_window_seconds=300,
    check_interval_seconds=60,
)
