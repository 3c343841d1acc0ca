"""The severity matrix: initial severity and escalation of each type."""

from __future__ import annotations

import pytest

from incidents.lifecycle.severity_matrix import MATRIX, default_severity, escalated
from incidents.vocabulary import SEVERITY_RANK, IncidentType

DEFAULTS = {
    "error_burst": "sev2", "service_down": "sev1", "quality_drop": "sev3", "workflow_failure_spike": "sev2",
    "memory_exhaustion": "sev1", "performance_degradation": "sev3", "disk_space_low": "sev2",
    "database_connection_failure": "sev1", "api_rate_limit": "sev3", "cache_failure": "sev4",
    "network_partition": "sev2", "deadlock": "sev2", "resource_leak": "sev3", "security_breach": "sev1",
    "data_corruption": "sev1", "other": "sev3",
}  # fmt: skip


def test_every_type_has_its_default_severity():
    assert {kind.value: default_severity(kind).value for kind in IncidentType} == DEFAULTS


@pytest.mark.parametrize(
    ("kind", "facts", "severity"),
    [
        ("error_burst", {"error_percent": 50}, "sev2"),
        ("error_burst", {"error_percent": 50.1}, "sev1"),
        ("quality_drop", {"coverage_percent": 50}, "sev3"),
        ("quality_drop", {"coverage_percent": 49.9}, "sev2"),
        ("workflow_failure_spike", {"critical_workflows": False}, "sev2"),
        ("workflow_failure_spike", {"critical_workflows": True}, "sev1"),
        ("performance_degradation", {"slowdown_factor": 5}, "sev3"),
        ("performance_degradation", {"slowdown_factor": 5.5}, "sev2"),
        ("disk_space_low", {"free_percent": 5}, "sev2"),
        ("disk_space_low", {"free_percent": 4}, "sev1"),
        ("api_rate_limit", {"duration_minutes": 30}, "sev3"),
        ("api_rate_limit", {"duration_minutes": 31}, "sev2"),
        ("cache_failure", {"duration_minutes": 31}, "sev3"),
        ("network_partition", {"complete_partition": True}, "sev1"),
        ("deadlock", {"critical_resources": True}, "sev1"),
        ("resource_leak", {"duration_minutes": 45}, "sev2"),
    ],
)
def test_condition_of_each_type_decides(kind, facts, severity):
    assert escalated(IncidentType(kind), facts) == severity


@pytest.mark.parametrize("kind", list(IncidentType))
def test_missing_measurement_escalates_nothing(kind):
    assert escalated(kind, {}) == default_severity(kind)
    assert escalated(kind, {"something_else": 1000}) == default_severity(kind)


def test_escalation_always_raises_the_severity_with_a_reason():
    for assignment in MATRIX.values():
        if (rule := assignment.escalation) is not None:
            assert SEVERITY_RANK[rule.to] < SEVERITY_RANK[assignment.default]
            assert rule.condition


def test_type_that_starts_at_sev1_has_no_escalation():
    worst = {kind for kind, assignment in MATRIX.items() if assignment.default == "sev1"}
    assert all(MATRIX[kind].escalation is None for kind in worst)
    assert len(worst) == 5
