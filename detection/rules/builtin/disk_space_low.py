"""Disks filling up."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from detection.rules.event_types import event_types_of
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="disk_space_low",
    name="Low disk space",
    description="Disks filling up.",
    incident_type=IncidentType.DISK_SPACE_LOW,
    severity=Severity.SEV2,
    event_types=event_types_of(IncidentType.DISK_SPACE_LOW),
    error_threshold=3,
    time_window_seconds=300,
    check_interval_seconds=60,
)
