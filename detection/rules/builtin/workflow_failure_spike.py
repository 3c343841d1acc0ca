"""Workflows, jobs or pipelines failing."""

from __future__ import annotations

from detection.rules.builtin_rules import BuiltinRule
from incidents.vocabulary import IncidentType, Severity

RULE = BuiltinRule(
    rule_id="workflow_failure_spike",
    name="Workflow failure spike",
    description="Workflows, jobs or pipelines failing.",
    incident_type=IncidentType.WORKFLOW_FAILURE_SPIKE,
    severity=Severity.SEV2,
    event_types=("workflow_failed", "workflow_failure"),
    error_threshold=8,
    time_window_seconds=300,
    check_interval_seconds=60,
)
