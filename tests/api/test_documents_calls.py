"""The calls of the documents, as they are written, in the open local mode: no token, curl's headers."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from incidents.correlation.services.opening import declare_incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def curl(settings, workspace, admin) -> Client:
    settings.TOCSIN_OPEN_LOOPBACK = True
    declare_incident(admin, title="Errors in my-service", components=["my-service"])
    return Client(headers={"user-agent": "curl/8.5.0", "host": "localhost:8000", "accept": "*/*"})


def test_list_is_an_array_whose_items_carry_what_the_snippet_prints(curl):
    incidents = curl.get("/api/v1/incidents").json()
    assert len(incidents) == 1
    lines = [f"{i['service']}: {i['status']} ({i['event_count']} events)" for i in incidents]
    assert lines == ["my-service: open (0 events)"]


def test_get_specific_incident(curl):
    assert curl.get("/api/v1/incidents/1").json()["id"] == 1


def test_status_walk_of_the_document(curl):
    for status in ("investigating", "resolved", "closed"):
        body = json.dumps({"status": status})
        response = curl.patch("/api/v1/incidents/1/status", body, content_type="application/json")
        assert (response.status_code, response.json()["status"]) == (200, status)


def test_declaration_with_the_fields_of_the_incident_module(curl):
    body = {
        "projectId": "project-123",
        "title": "Database connection timeout",
        "description": "Users experiencing slow queries",
        "severity": "high",
        "status": "open",
        "declaredAt": "2025-01-27T10:00:00Z",
    }
    response = curl.post("/api/v1/incidents", json.dumps(body), content_type="application/json")
    assert response.status_code == 201, response.content
    assert (response.json()["project"], response.json()["severity"]) == ("project-123", "sev2")
    found = curl.get("/api/v1/incidents?projectId=project-123&status=open&severity=high&limit=20").json()
    assert [item["title"] for item in found] == ["Database connection timeout"]


@pytest.mark.parametrize(
    "query", ["severity=critical", "status=active", "component=api", "since=1h", "type=error_burst"]
)
def test_dashboards_filters_are_understood(curl, query):
    assert curl.get(f"/api/v1/incidents?{query}").status_code == 200


def test_update_with_the_fields_of_the_command_line(curl, make_actor):
    make_actor("responder", username="john.doe")
    body = {"status": "containing", "severity": "critical", "assigned_to": "john.doe"}
    response = curl.patch("/api/v1/incidents/inc_00001", json.dumps(body), content_type="application/json")
    shown = response.json()
    assert (shown["stage"], shown["severity"], shown["assigned_to"]) == ("containment", "sev1", "john.doe")


def test_administration_needs_a_token(curl):
    response = curl.get("/api/v1/tokens")
    assert response.status_code == 403
