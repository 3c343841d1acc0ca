"""Memory running out, or processes killed for it."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from detection.rules.event_types import event_types_of
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="memory_exhaustion",
    name="Memory exhaustion",
    description="Memory running out, or processes killed for it.",
    incident_type=IncidentType.MEMORY_EXHAUSTION,
    severity=Severity.SEV1,
    event_types=event_types_of(IncidentType.MEMORY_EXHAUSTION),
    error_threshold=3,
    time_window_seconds=120,
    check_interval_seconds=30,
)
