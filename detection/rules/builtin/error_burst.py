"""A sudden burst of errors from one source."""

from __future__ import annotations

from detection.models import Level
from detection.rules.builtin_rules import BuiltinRule
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="error_burst",
    name="Error burst",
    description="A sudden burst of errors from one source.",
    incident_type=IncidentType.ERROR_BURST,
    severity=Severity.SEV2,
    minimum_level=Level.ERROR,
    error_threshold=10,
    time_window_seconds=300,
    check_interval_seconds=60,
)
