"""Memory running out, or processes killed for it."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="memory_exhaustion",
    name="Memory exhaustion",
    description="Memory running out, or processes killed for it.",
    incident_type=IncidentType.MEMORY_EXHAUSTION,
    severity=Severity.SEV1,
    event_types=("memory_high", "memory_exhaustion", "oom_kill"),
    error_threshold=3,
    time_window_seconds=120,
    check_interval_seconds=30,
)
