"""The component catalogue over the API: create, read, change, refusals by field, cycles, stale versions."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts.actor import system_actor
from accounts.models import AuditEntry
from accounts.tokens.services import issue_token
from incidents.correlation.services.opening import declare_incident
from incidents.models import Component
from incidents.sla.services.clocks import seed_policies

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(workspace):
    """`call("POST", "/components", {...})` with an admin's token."""
    seed_policies(workspace.pk)
    token = issue_token(system_actor(workspace.pk), name="all", scopes=["admin"]).text
    client = Client(headers={"authorization": f"Bearer {token}"})

    def send(method, path, body=None, **headers):
        return client.generic(
            method, f"/api/v1{path}", b"" if body is None else json.dumps(body),
            content_type="application/json", headers=headers,
        )  # fmt: skip

    return send


def test_component_is_added_found_by_its_name_and_changed(call, workspace, make_actor):
    make_actor("responder", username="olga.owner")
    call("POST", "/components", {"name": "db"})
    wanted = {"name": "pay/ments", "tier": 1, "owner": "olga.owner", "runbook": "https://wiki.test/x",
              "dependsOn": ["db"], "description": "Takes money"}  # fmt: skip
    made = call("POST", "/components", wanted)
    assert (made.status_code, made["Location"]) == (201, "/api/v1/components/pay%2Fments")
    shown = call("GET", "/components/pay/ments").json()
    assert shown == made.json()
    assert (shown["owner"], shown["depends_on"], shown["health"]) == ("olga.owner", ["db"], 100)
    changed = call("PATCH", "/components/pay/ments", {"tier": 2, "owner": None, "depends_on": []}).json()
    assert (changed["tier"], changed["owner"], changed["depends_on"]) == (2, None, [])
    assert (changed["version"], changed["runbook_url"]) == (2, "https://wiki.test/x")
    [entry] = AuditEntry.objects.of(workspace.pk).filter(action="component.edit")
    assert entry.changes == {"tier": [1, 2], "owner": ["olga.owner", None], "depends_on": [["db"], []]}


def test_list_shows_health_and_is_filtered_and_paged(call, workspace):
    declare_incident(system_actor(workspace.pk), title="Down", severity="sev3", components=["api"])
    for name in ("a", "b", "c"):
        call("POST", "/components", {"name": name})
    listed = call("GET", "/components?limit=2")
    assert [(c["name"], c["health"], c["standing"]) for c in listed.json()] == [
        ("api", 90, "warning"), ("a", 100, "healthy"),
    ]  # fmt: skip
    more = listed["Link"].split('rel="first", <')[1].split(">")[0].split("/api/v1")[1]
    assert [c["name"] for c in call("GET", more).json()] == ["b", "c"]
    assert [c["name"] for c in call("GET", "/components?health=warning").json()] == ["api"]
    assert [c["name"] for c in call("GET", "/components?search=B").json()] == ["b"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "api"}, "name"),
        ({"name": "x\u202e"}, "name"),
        ({"name": "x", "tier": 0}, "tier"),
        ({"name": "x", "tier": "first"}, "tier"),
        ({"name": "x", "owner": "nobody"}, "owner"),
        ({"name": "x", "runbook_url": "ftp://wiki.test"}, "runbook_url"),
        ({"name": "x", "runbook_url": "https://"}, "runbook_url"),
        ({"name": "x", "runbook_url": "https://a b/"}, "runbook_url"),
        ({"name": "x", "runbook_url": "https://h:99999/"}, "runbook_url"),
        ({"name": "x", "depends_on": ["unknown"]}, "depends_on"),
        ({"name": "x", "depends_on": ["x"]}, "depends_on"),
        ({"name": "x", "colour": "red"}, "colour"),
    ],
)
def test_component_that_breaks_a_rule_is_refused_by_field_and_not_added(call, workspace, body, field):
    call("POST", "/components", {"name": "api"})
    response = call("POST", "/components", body)
    assert response.status_code == 422, response.content
    assert field in {fault["field"].split("[")[0] for fault in response.json()["errors"]}
    assert Component.objects.of(workspace.pk).count() == 1


def test_dependency_cycle_is_refused_whole_with_its_path(call):
    for name, needs in (("a", []), ("b", ["a"]), ("c", ["b"])):
        call("POST", "/components", {"name": name, "depends_on": needs})
    response = call("PATCH", "/components/a", {"tier": 1, "depends_on": ["c"]})
    assert response.status_code == 422
    assert "a → c → b → a" in response.json()["detail"]
    assert call("GET", "/components/a").json()["tier"] == 3


def test_stale_change_is_refused_and_a_repeat_changes_nothing(call):
    call("POST", "/components", {"name": "a"})
    assert call("PATCH", "/components/a", {"tier": 2}, **{"If-Match": '"1"'}).status_code == 200
    late = call("PATCH", "/components/a", {"tier": 4, "version": 1})
    assert (late.status_code, late.json()["current"]["version"]) == (409, 2)
    assert call("PATCH", "/components/a", {"tier": 2, "version": 1})["ETag"] == '"2"'


def test_archived_component_is_listed_on_request_only(call):
    call("POST", "/components", {"name": "a"})
    assert call("PATCH", "/components/a", {"archived": True}).json()["archived_at"]
    assert call("GET", "/components").json() == []
    assert [c["name"] for c in call("GET", "/components?archived=yes").json()] == ["a"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/components/none", 404), ("/components/%00", 422), ("/components?tier=7", 422),
        ("/components?x=1", 422), ("/components?health=blue", 422),
        ("/components?cursor=%20", 422), ("/components?limit=0", 422),
    ],
)  # fmt: skip
def test_unreadable_input_is_refused(call, path, status):
    assert call("GET", path).status_code == status
