"""Declaring incidents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.errors import Forbidden, Invalid
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.patching import declare_and_set
from incidents.models import Incident
from tests.incidents.make import NOW


@time_machine.travel(NOW, tick=False)
def test_declared_incident_has_the_given_fields_and_defaults(declared):
    incident = declared("  Checkout is down  ", components=["api", "worker"])
    assert (incident.number, incident.title, incident.severity) == (1, "Checkout is down", "sev3")
    assert (incident.incident_type, incident.status, incident.stage) == ("other", "open", "assessment")
    assert incident.component_names == ["api", "worker"]
    assert incident.started_at == incident.detected_at == NOW
    assert incident.acknowledge_due_at == NOW + timedelta(hours=2)
    assert (incident.fingerprint, incident.commander_username) == ("", None)


def test_declaring_leaves_one_entry_one_audit_row_and_one_event(
    declared, actor, timeline, audited, published_topics
):
    [entry] = timeline(declared())
    assert (entry.kind, entry.author_id) == ("detected", actor.user_id)
    assert entry.message == "Declared by Rita Responder: Checkout is down"
    assert (audited(), published_topics()) == (["incident.declare"], ["incident.opened"])


def test_words_of_every_interface_are_accepted(declared):
    incident = declared(severity="critical", incident_type="Service Down", source="cli")
    assert (incident.severity, incident.incident_type, incident.source) == ("sev1", "service_down", "cli")


def test_declared_incidents_never_share_a_fingerprint(declared):
    assert [declared().number, declared().number] == [1, 2]


@time_machine.travel(NOW, tick=False)
def test_start_may_be_before_the_declaration(declared):
    assert declared(started_at=NOW - timedelta(minutes=10)).mttd == 600.0


def test_labels_and_drill_flag_are_stored(declared):
    incident = declared(labels={"project": "web"}, is_drill=True)
    assert (incident.labels, incident.is_drill) == ({"project": "web"}, True)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"description": "a\x00b"}, "description"),
        ({"description": "x" * 20_001}, "description"),
        ({"severity": "sev9"}, "severity"),
        ({"incident_type": "flood"}, "incident_type"),
        ({"source": "pigeon"}, "source"),
        ({"components": ["ok", ""]}, "components[1]"),
        ({"components": "api"}, "components"),
        ({"components": ["c"] * 201}, "components"),
        ({"labels": {"a": 1}}, "labels.a"),
        ({"request_key": "a\x00b"}, "request_key"),
        ({"request_key": "k" * 201}, "request_key"),
        ({"started_at": datetime(2100, 1, 1, tzinfo=UTC)}, "started_at"),
        ({"started_at": datetime.fromisoformat("0001-01-01T00:00:00+14:00")}, "started_at"),
        ({"started_at": datetime.fromisoformat("9999-12-31T23:59:59-14:00")}, "started_at"),
        ({"started_at": datetime(2010, 1, 1, tzinfo=UTC)}, "started_at"),
        ({"started_at": datetime.fromisoformat("2020-01-01T00:00:00")}, "started_at"),
    ],
)
def test_wrong_field_is_named_and_nothing_is_written(workspace, declared, fields, field):
    with pytest.raises(Invalid) as refused:
        declared(**fields)
    assert refused.value.faults[0].field == field
    assert not Incident.objects.of(workspace.pk).exists()


def test_request_key_is_its_actors_own(make_actor, declared):
    assert declared(request_key="1").number == declared(title="Again", request_key="1").number == 1
    assert declare_incident(make_actor("manager"), title="Mine", request_key="1").number == 2
    assert declared(request_key="2").number == 3


def test_database_refuses_a_second_incident_of_one_request(workspace, declared):
    declared(request_key="1")
    declared()
    first = Incident.objects.of(workspace.pk).get(number=1)
    with pytest.raises(IntegrityError, match="incident_declared_once"), transaction.atomic():
        Incident.objects.of(workspace.pk).filter(number=2).update(request_key=first.request_key)


def test_viewer_may_not_declare(make_actor, workspace):
    with pytest.raises(Forbidden, match="responder or higher"):
        declare_incident(make_actor("viewer"), title="x")
    assert not Incident.objects.of(workspace.pk).exists()


@pytest.mark.parametrize(("fields", "severity"), [({}, "sev3"), ({"incident_type": "service_down"}, "sev1")])
def test_without_a_severity_the_type_decides(declared, fields, severity):
    assert declared(**fields).severity == severity


def test_declaring_by_the_api_locks_the_workspace_once_in_few_statements(actor):
    wanted = {"title": "Checkout is down"}
    declare_and_set(actor, declared=wanted)  # what is prepared and cached is so from here on
    with CaptureQueriesContext(connection) as queries:
        declare_and_set(actor, declared=wanted)
    statements = [query["sql"] for query in queries]
    assert sum("incidentcounter" in sql and "for update" in sql for sql in statements) == 1
    assert len([sql for sql in statements if "SAVEPOINT" not in sql]) <= 12
