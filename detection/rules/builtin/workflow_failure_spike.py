"""Workflows, jobs or pipelines failing."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from detection.rules.event_types import event_types_of
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="workflow_failure_spike",
    name="Workflow failure spike",
    description="Workflows, jobs or pipelines failing.",
    incident_type=IncidentType.WORKFLOW_FAILURE_SPIKE,
    severity=Severity.SEV2,
    event_types=event_types_of(IncidentType.WORKFLOW_FAILURE_SPIKE),
    error_threshold=8,
    time_window_seconds=300,
    check_interval_seconds=60,
)
