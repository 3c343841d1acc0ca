"""Incidents declared with every field that other incident tools send."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Membership
from incidents.models import Incident, IncidentSignal
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db

PRINT, OTHER = "a" * 64, "0123456789abcdef" * 4


def ago(**span: float) -> str:
    return (timezone.now() - timedelta(**span)).isoformat()


def test_declaration_by_project_is_taken_whole(api: ApiClient, workspace):
    body = {
        "projectId": "project-123", "title": "Database connection timeout", "severity": "high",
        "status": "open", "description": "Users experiencing slow queries", "declaredAt": ago(minutes=5),
        "metadata": {"region": "eu-1", "replicas": [1, 2], "deploy": {"sha": "ab12"}},
    }  # fmt: skip
    made = api.post("/incidents", body)
    assert made.status_code == 201, made.content
    shown = api.get("/incidents/INC-1").json()
    assert (shown["project"], shown["severity"], shown["status"]) == ("project-123", "sev2", "open")
    assert shown["metadata"] == body["metadata"]
    assert [
        one["number"] for one in api.get("/incidents?projectId=project-123&severity=high&limit=20").json()
    ] == [1]


def test_declaration_with_alert_groups_and_a_time_of_detection_is_taken_whole(api: ApiClient, workspace):
    detected = ago(hours=2)
    body = {
        "title": "Checkout is down", "description": "", "severity": "SEV1", "status": "INVESTIGATING",
        "detectedAt": detected, "alertGroupIds": [PRINT, OTHER.upper(), PRINT],
    }  # fmt: skip
    made = api.post("/incidents", body)
    assert made.status_code == 201, made.content
    incident = Incident.objects.of(workspace.pk).get()
    assert incident.detected_at.isoformat() == detected == incident.started_at.isoformat()
    assert incident.acknowledge_due_at == incident.detected_at + timedelta(minutes=15)
    shown = api.get("/incidents/1").json()["signals"]
    assert sorted(one["fingerprint"] for one in shown) == [OTHER, PRINT]
    audited = AuditEntry.objects.of(workspace.pk).get(action="incident.declare")
    assert audited.changes["detected_at"][1] == detected


def test_signal_of_an_unresolved_incident_is_refused_naming_it(api: ApiClient, workspace):
    api.post("/incidents", {"title": "First", "signals": [PRINT]})
    refused = api.post("/incidents", {"title": "Second", "signals": [OTHER, PRINT]})
    assert (refused.status_code, refused.json()["current"]["incident_id"]) == (409, "INC-1")
    assert "INC-1" in refused.json()["detail"]
    assert (Incident.objects.of(workspace.pk).count(), IncidentSignal.objects.of(workspace.pk).count()) == (
        1,
        1,
    )
    api.post("/incidents/1/resolve")
    assert api.post("/incidents", {"title": "Third", "signals": [PRINT]}).json()["number"] == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"metadata": {"a": "b\x00"}}, "metadata.a"),
        ({"metadata": {"a\x00": [1]}}, "metadata"),
        ({"metadata": {"a": "é" * 8_200}}, "metadata"),
        ({"metadata": {"a": 2**70}}, "metadata"),
        ({"metadata": ["a"]}, "metadata"),
        ({"detectedAt": timedelta(days=-7, minutes=-1)}, "detected_at"),
        ({"detected_at": timedelta(minutes=5)}, "detected_at"),
        ({"detected_at": timedelta(hours=-2), "started_at": timedelta(hours=-1)}, "started_at"),
        ({"signals": ["not hex"]}, "signals[0]"),
        ({"alertGroupIds": [f"{n:064x}" for n in range(51)]}, "alertGroupIds"),
    ],
)
def test_invalid_value_is_refused_by_its_field(api: ApiClient, workspace, fields, field):
    # Times are set here, not in the table: a table is made minutes before a long run gets to it.
    now = timezone.now()
    dated = {k: (now + v).isoformat() if isinstance(v, timedelta) else v for k, v in fields.items()}
    refused = api.post("/incidents", {"title": "Slow"} | dated)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field
    assert not Incident.objects.of(workspace.pk).exists()


def test_metadata_is_replaced_and_audited(api: ApiClient, workspace):
    api.post("/incidents", {"title": "Slow", "metadata": {"a": 1}})
    changed = api.patch("/incidents/1", {"metadata": {"b": 2}})
    assert (changed.status_code, changed.json()["metadata"]) == (200, {"b": 2})
    assert AuditEntry.objects.of(workspace.pk).latest("id").changes["metadata"] == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("name", ["%23INC-001", "%23inc-1", "inc_00001", "1"])
def test_incident_is_found_and_moved_by_every_reference(api: ApiClient, workspace, name):
    api.post("/incidents", {"title": "Slow"})
    assert api.get(f"/incidents/{name}").status_code == 200
    moved = api.patch(f"/incidents/{name}/status", {"status": "INVESTIGATING", "notes": "Looking into this"})
    assert (moved.status_code, moved.json()["status"]) == (200, "investigating")
    assert api.post(f"/incidents/{name}/resolve", {"message": "Fixed"}).json()["status"] == "resolved"


def test_incident_is_worked_with_names_in_camel_case(api: ApiClient, workspace, make_user):
    Membership.objects.create(workspace_id=workspace.pk, user=make_user("terry.tech"), role="responder")
    api.post("/incidents", {"title": "Slow"})
    for role, name in (("techLead", "tech_lead"), ("commsLead", "comms_lead"), ("commander", "commander")):
        given = api.post("/incidents/1/assign", {"role": role, "userId": "terry.tech"})
        assert given.status_code == 200, given.content
        held = {one["role"]: one["username"] for one in api.get("/incidents/1/roles").json()}
        assert held[name] == "terry.tech"
    body = {"type": "UPDATE", "message": "A replica takes over", "isPublic": True}
    entry = api.post("/incidents/1/timeline", body).json()
    assert (entry["kind"], entry["is_public"]) == ("update", True)
    for impact in ("TOTAL_OUTAGE", "PARTIAL_OUTAGE", "DEGRADED"):
        assert api.put("/incidents/1/components/web", {"impact": impact}).status_code == 200
        assert api.get("/incidents/1/components").json()[0]["impact"] == impact.lower()
    moved = api.patch("/incidents/1/status", {"status": "IDENTIFIED", "message": "Disk", "isPublic": True})
    assert moved.json()["status"] == "identified"
    resolved = api.post("/incidents/1/resolve", {"rootCause": "A disk failed"})
    assert (resolved.status_code, resolved.json()["root_cause"]) == (200, "A disk failed")
    assert api.patch("/incidents/1", {"rootCause": "A fan"}).json()["root_cause"] == "A fan"
    told = api.post("/incidents/1/timeline", {"type": "ACKNOWLEDGED", "message": "Mine"})
    assert told.status_code == 422
