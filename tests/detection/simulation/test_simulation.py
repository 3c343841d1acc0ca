"""Simulated incidents and sample events: every type, isolated from rules, rates and figures."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.actor import system_actor
from core.errors import Forbidden, Invalid
from core.queue.runner import run_due
from core.queues import RELAY
from detection.evaluation.member_events import member_events
from detection.evaluation.services.draining import drain
from detection.models import DetectionRule, Event, Finding
from detection.queues import ANALYSIS
from detection.rules import rule_form
from detection.rules.event_types import EventText, type_of_events
from detection.rules.sample_events import read_events, stored_events
from detection.rules.services.rule_test import run_stored_test
from detection.rules.services.rules import install_builtin_rules
from detection.simulation.samples import SAMPLES, TYPES, sample_events
from detection.simulation.services import Simulation, simulate_incident, simulated_events
from incidents.analysis.models import Analysis
from incidents.lifecycle.severity_matrix import default_severity
from incidents.models import AffectedComponent, Incident
from incidents.vocabulary import IncidentType
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_every_type_has_samples():
    assert len(TYPES) == 15
    assert set(SAMPLES) == set(TYPES)


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != IncidentType.ERROR_BURST])
def test_samples_mention_their_type(kind):
    made = sample_events(kind, sources=["api"], count=8, span_s=60, until=NOW)
    assert type_of_events([EventText(one["event_type"], one["message"]) for one in made]) == kind
    assert type_of_events([EventText("event", one["message"]) for one in made]) == kind


def test_samples_take_turns_and_cover_less_than_the_span():
    made = sample_events(IncidentType.SERVICE_DOWN, sources=["api", "web"], count=6, span_s=60, until=NOW)
    times = [datetime.fromisoformat(one["timestamp"]) for one in made]
    assert times[-1] == NOW
    assert timedelta(seconds=40) < times[-1] - times[0] < timedelta(seconds=60)
    assert [one["source"] for one in made] == ["api", "web"] * 3
    assert len({one["event_type"] for one in made if one["source"] == "api"}) == 2


@pytest.mark.parametrize(
    "rule", ["error_burst", "service_down", "quality_drop", "workflow_failure_spike", "memory_exhaustion",
             "performance_degradation", "disk_space_low", "service_errors"]
)  # fmt: skip
def test_built_in_rule_fires_on_the_samples_of_its_type(admin, rule):
    install_builtin_rules(system_actor(admin.workspace_id))
    kind = "error_burst" if rule == "service_errors" else rule
    events = simulated_events(admin, Simulation(kind))
    found = run_stored_test(admin, rule_id=rule, events=read_events(events, now=timezone.now()))
    assert len(found.bursts) == 1


@pytest.mark.parametrize("kind", TYPES)
def test_simulated_incident_is_a_drill_with_its_events(actor, kind):
    made = simulate_incident(actor, Simulation(kind, components=["api", "worker"], event_count=7))
    assert (made.is_drill, made.incident_type, made.event_count) == (True, kind, 7)
    assert made.severity == default_severity(kind)
    assert len(member_events(actor, made).items) == 7
    affected = AffectedComponent.objects.of(actor.workspace_id).filter(incident=made)
    assert set(affected.values_list("component__name", flat=True)) == {"api", "worker"}
    assert made.started_at <= made.detected_at


def test_rules_do_not_count_simulated_events(actor, admin):
    install_builtin_rules(system_actor(actor.workspace_id))
    simulate_incident(actor, Simulation("service_down", components=["api"], event_count=50))
    drain()
    assert Incident.objects.of(actor.workspace_id).count() == 1
    assert not Finding.objects.of(actor.workspace_id).exists()
    assert stored_events(admin, minutes=60, now=timezone.now()) == ([], False)
    assert Event.objects.of(actor.workspace_id).filter(is_late=True).count() == 50


def test_simulated_incident_is_analysed_from_its_events(actor):
    made = simulate_incident(actor, Simulation("database_connection_failure", components=["orders"]))
    run_due(RELAY, at=timezone.now())
    run_due(ANALYSIS, at=timezone.now())
    found = Analysis.objects.of(actor.workspace_id).get(incident=made)
    assert (found.category, found.event_count) == ("database_issue", 12)
    assert found.cause["primary_source"] == "orders"


def test_repeated_request_opens_one_drill(actor):
    first = simulate_incident(actor, Simulation("deadlock"), request_key="k")
    again = simulate_incident(actor, Simulation("deadlock"), request_key="k")
    assert (again.pk, again.event_count) == (first.pk, 12)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Simulation("other"), "incident_type"),
        (Simulation("nonsense"), "incident_type"),
        (Simulation("deadlock", severity="huge"), "severity"),
        (Simulation("deadlock", event_count=0), "event_count"),
        (Simulation("deadlock", event_count=1001), "event_count"),
        (Simulation("deadlock", span_s=0), "time_span_seconds"),
        (Simulation("deadlock", components=["a\nb"]), "components[0]"),
        (Simulation("deadlock", components=["x"] * 21), "components"),
    ],
)
def test_wrong_values_are_refused_and_open_nothing(actor, wanted, field):
    with pytest.raises(Invalid) as refusal:
        simulate_incident(actor, wanted)
    assert [fault.field for fault in refusal.value.faults] == [field]
    assert not Incident.objects.of(actor.workspace_id).exists()


def test_viewer_may_not_simulate(make_actor):
    viewer = make_actor("viewer", username="vera.viewer")
    with pytest.raises(Forbidden):
        simulate_incident(viewer, Simulation("deadlock"))


def test_page_opens_a_drill_and_generates_events(actor):
    browser = browser_for(actor)
    given = {"incident_type": "deadlock", "components": "api, web", "event_count": 4, "time_span_seconds": 30}
    page = browser.get("/simulate", given)
    events = [json.loads(line) for line in page.context["events"].splitlines()]
    assert [one["source"] for one in events] == ["api", "web", "api", "web"]
    assert not Incident.objects.of(actor.workspace_id).exists()
    sent = browser.post("/simulate", given | {"request_key": "one"})
    drill = Incident.objects.of(actor.workspace_id).get()
    assert (sent.status_code, sent["Location"]) == (303, f"/incidents/{drill.reference}")
    assert drill.is_drill
    assert browser.post("/simulate", given | {"event_count": 0}).status_code == 422
    assert browser.get("/simulate", given | {"incident_type": "other"}).status_code == 422


def test_uploaded_file_tests_a_rule(admin):
    browser = browser_for(admin)
    events = simulated_events(admin, Simulation("service_down", event_count=6))
    lines = "\n".join(json.dumps(one) for one in events).encode()
    form = rule_form.empty() | {"try_on": "uploaded", "time_window_seconds": "60"}
    file = SimpleUploadedFile("events.jsonl", lines)
    page = browser.post("/rules/test", form | {"file": file})
    assert page.status_code == 200
    assert "1 incident would have been opened." in page.content.decode()
    assert not DetectionRule.objects.of(admin.workspace_id).filter(rule_id="draft").exists()
    for wrong in (SimpleUploadedFile("e.txt", b"\xff\xfe\x00"), SimpleUploadedFile("e.txt", b" ")):
        assert browser.post("/rules/test", form | {"file": wrong}).status_code == 422
    assert browser.post("/rules/test", form).status_code == 422
