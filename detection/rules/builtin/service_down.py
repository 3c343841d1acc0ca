"""A service that cannot be reached or fails its health checks."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from detection.rules.event_types import event_types_of
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="service_down",
    name="Service down",
    description="A service that cannot be reached or fails its health checks.",
    incident_type=IncidentType.SERVICE_DOWN,
    severity=Severity.SEV1,
    event_types=event_types_of(IncidentType.SERVICE_DOWN),
    error_threshold=5,
    time_window_seconds=60,
    check_interval_seconds=30,
)
