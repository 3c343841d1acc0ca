"""Incident type, and escalation of severity, from events in to incident out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from detection.rules.event_types import WORDS, EventText, event_types_of, facts_in, type_of, type_of_events
from detection.rules.services.rules import create_rule, install_builtin_rules
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import change_severity, edit_incident
from incidents.lifecycle.services.sweeper import raise_prolonged
from incidents.lifecycle.severity_matrix import MATRIX
from incidents.models import Incident, TimelineEntry
from incidents.vocabulary import IncidentType
from tests.detection.bursts import errors

pytestmark = pytest.mark.django_db(transaction=True)
NAMED = [kind for kind in IncidentType if kind in WORDS]
# One event of each type that meets its escalation by metadata, and where that leads.
FACTS: list[tuple[str, dict[str, Any], str]] = [
    ("error_burst", {"error_percent": 51}, "sev1"),
    ("quality_drop", {"metric": "coverage", "value": "49 %"}, "sev2"),
    ("workflow_failure_spike", {"critical_workflows": True}, "sev1"),
    ("performance_degradation", {"slowdown_factor": 6}, "sev2"),
    ("performance_degradation", {"duration_ms": 5200, "threshold_ms": 1000}, "sev2"),
    ("disk_space_low", {"free_percent": 4}, "sev1"),
    ("network_partition", {"complete_partition": "true"}, "sev1"),
    ("deadlock", {"critical_resources": True}, "sev1"),
]


@pytest.fixture
def builtin(machine) -> None:
    install_builtin_rules(machine)


def the_incident(workspace) -> Incident:
    [incident] = Incident.objects.of(workspace.pk)
    return incident


def burst_of(kind: str, count: int = 5, **fields: Any) -> list[dict[str, Any]]:
    named = (
        {}
        if kind not in {one.value for one in NAMED}
        else {"event_type": event_types_of(IncidentType(kind))[0]}
    )
    return errors(count, **named, **fields)


@pytest.mark.parametrize("kind", [one.value for one in IncidentType if one != IncidentType.OTHER])
def test_every_type_is_reached_from_events_at_its_default_severity(workspace, builtin, send, kind) -> None:
    send(burst_of(kind))
    incident = the_incident(workspace)
    assert (incident.incident_type, incident.severity) == (kind, MATRIX[IncidentType(kind)].default)
    assert incident.title == f"{IncidentType(kind).label} in shop"


@pytest.mark.parametrize("batch", [1, 3, 12])
@pytest.mark.parametrize("backwards", [False, True])
def test_type_does_not_depend_on_batches_or_order(workspace, builtin, send, batch, backwards) -> None:
    events = [*errors(4, over=4), *errors(8, over=8, event_type="workflow_failed")]
    events = events[::-1] if backwards else events
    for start in range(0, len(events), batch):
        send(events[start : start + batch])
    incident = the_incident(workspace)
    assert (incident.incident_type, incident.severity) == ("workflow_failure_spike", "sev2")
    assert incident.event_count == 12


def test_specific_type_takes_over_and_brings_its_milder_severity(workspace, builtin, send) -> None:
    send(errors(5))
    assert the_incident(workspace).severity == "sev2"
    send(errors(5, event_type="quality_check_failed"))
    incident = the_incident(workspace)
    assert (incident.incident_type, incident.severity, incident.title) == (
        "quality_drop",
        "sev3",
        "Quality drop in shop",
    )
    entry = TimelineEntry.objects.of(workspace.pk).filter(kind="severity_change").get()
    assert entry.message == "Severity lowered from sev2 to sev3: Quality drop starts at SEV3."


def test_rule_by_level_neither_renames_nor_raises_a_specific_incident(workspace, builtin, send) -> None:
    send(errors(5, event_type="quality_check_failed", level="warning"))
    send(errors(12, event_type="quality_check_failed"))
    send(errors(9))
    incident = Incident.objects.of(workspace.pk).get(number=1)
    assert (incident.incident_type, incident.severity) == ("quality_drop", "sev3")


def test_more_severe_specific_rule_sets_the_severity(workspace, builtin, send, admin) -> None:
    rule = {
        "rule_id": "mine",
        "name": "Mine",
        "incident_type": "other",
        "severity": "sev1",
        "event_types": ["quality_check_failed"],
        "error_threshold": 2,
        "time_window_seconds": 60,
    }
    create_rule(admin, fields=rule)
    send(errors(6, event_type="quality_check_failed"))
    incident = the_incident(workspace)
    assert (incident.incident_type, incident.severity) == ("quality_drop", "sev1")


def test_manual_change_stays(workspace, builtin, send, actor) -> None:
    send(errors(5))
    change_severity(actor, number=1, severity="sev4")
    edit_incident(actor, number=1, incident_type="cache_failure")
    send(errors(8, event_type="service_unavailable", metadata={"error_percent": 99}))
    incident = the_incident(workspace)
    assert (incident.incident_type, incident.severity) == ("cache_failure", "sev4")


@pytest.mark.parametrize(("kind", "metadata", "severity"), FACTS)
def test_fact_at_the_opening_raises_the_severity(workspace, builtin, send, kind, metadata, severity) -> None:
    send(burst_of(kind, metadata=metadata))
    assert the_incident(workspace).severity == severity
    entry = TimelineEntry.objects.of(workspace.pk).filter(kind="severity_change").get()
    assert MATRIX[IncidentType(kind)].escalation.condition in entry.message


@pytest.mark.parametrize(("kind", "metadata", "severity"), FACTS)
def test_fact_that_comes_later_raises_the_severity_once(
    workspace, builtin, send, kind, metadata, severity
) -> None:
    send(burst_of(kind))
    send(burst_of(kind, 1, metadata=metadata))
    send(burst_of(kind, 3))
    send(burst_of(kind, 1, metadata=metadata))
    assert the_incident(workspace).severity == severity
    assert TimelineEntry.objects.of(workspace.pk).filter(kind="severity_change").count() == 1


def test_unrelated_facts_raise_nothing(workspace, builtin, send) -> None:
    odd = [{"free_percent": 3}, {"error_percent": "lots"}, {"error_percent": None}, {"error_percent": 50}]
    send([errors(1, metadata=metadata)[0] for metadata in [*odd, {"error_percent": True}]])
    assert the_incident(workspace).severity == "sev2"


@pytest.mark.parametrize(
    ("kind", "severity"), [("api_rate_limit", "sev2"), ("cache_failure", "sev3"), ("resource_leak", "sev2")]
)
def test_long_incident_is_escalated_once(workspace, builtin, send, kind, severity) -> None:
    send(burst_of(kind))
    now = timezone.now()
    assert raise_prolonged(now + timedelta(minutes=29)) == 0
    assert raise_prolonged(now + timedelta(minutes=31)) == 1
    assert raise_prolonged(now + timedelta(minutes=45)) == 0
    assert the_incident(workspace).severity == severity


def test_severity_a_person_declared_does_not_rise_by_itself(actor) -> None:
    chosen = declare_incident(actor, title="Limits", incident_type="api_rate_limit", severity="sev4")
    default = declare_incident(actor, title="Limits again", incident_type="api_rate_limit")
    assert raise_prolonged(timezone.now() + timedelta(minutes=40)) == 1
    chosen.refresh_from_db()
    default.refresh_from_db()
    assert (chosen.severity, default.severity) == ("sev4", "sev2")


@pytest.mark.parametrize(
    ("message", "kind"),
    [("Database connection timeout: failed to connect to PostgreSQL", "database_connection_failure"),
     ("Out of memory: Java heap space exceeded", "memory_exhaustion"),
     ("Redis connection refused", "cache_failure"), ("429 Too Many Requests", "api_rate_limit"),
     ("Deadlock found when trying to get lock", "deadlock"), ("too many open files", "resource_leak"),
     ("no space left on device", "disk_space_low"), ("split-brain: no quorum in zone b", "network_partition"),
     ("Checksum mismatch in segment 4", "data_corruption"),
     ("Brute force on the login page", "security_breach"),
     ("Request took 5.2s (threshold: 1s)", "performance_degradation"),
     ("Workflow nightly failed", "workflow_failure_spike"),
     ("Coverage dropped from 85% to 72%", "quality_drop"), ("Health check failed: timeout", "service_down"),
     ("Something went wrong: error #1", None), ("JWT token expired: authentication failed", None)],
)  # fmt: skip
def test_message_names_its_type(message, kind) -> None:
    assert type_of(EventText("", message)) == kind


def test_event_types_are_read_in_any_spelling_and_before_messages() -> None:
    assert type_of(EventText("Rate-Limit Exceeded", "out of memory")) == IncidentType.API_RATE_LIMIT


def test_one_unusual_message_sets_no_type() -> None:
    samples = [EventText("", "boom")] * 9 + [EventText("", "deadlock")]
    assert type_of_events(samples) is None
    assert type_of_events([]) is None


def test_facts_are_read_as_senders_write_them() -> None:
    assert facts_in({"usage_percent": "97 %"}) == {"free_percent": 3}
    assert facts_in({"free_percent": 8, "usage_percent": 99}) == {"free_percent": 8}
    assert facts_in({"free_percent": float("nan"), "critical_workflows": "no"}) == {}
    assert facts_in({"latency_ms": "5200", "threshold_ms": 1000}) == {"slowdown_factor": 5.2}
    assert facts_in({"response_time_ms": 9, "threshold_ms": 1, "slowdown": 2}) == {"slowdown_factor": 2}
    for limit in (0, -1, None, "soon", 1e-300):
        assert facts_in({"duration_ms": 1e300, "threshold_ms": limit}) == {}
    assert facts_in({"threshold_ms": 1000}) == {}


def test_docs_show_every_event_type() -> None:
    text = Path("docs/reference/event-types.md").read_text()
    assert all(f"`{name}`" in text for kind in NAMED for name in event_types_of(kind))
    assert all(f"`{kind.value}`" in text for kind in IncidentType if kind != IncidentType.OTHER)
