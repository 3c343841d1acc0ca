"""Rules over the HTTP API."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actor import Actor, system_actor
from accounts.tokens.services import issue_token
from detection.rules.services.rules import install_builtin_rules
from tests.api.client import ApiClient
from tests.detection.rules.test_rule_parsing import GOOD

pytestmark = pytest.mark.django_db


def client_of(workspace: Any, *scopes: str) -> ApiClient:
    return ApiClient(issue_token(system_actor(workspace.pk), name="program", scopes=list(scopes)).text)


@pytest.fixture
def api(workspace) -> ApiClient:
    return client_of(workspace, "admin")


def test_rule_is_created_changed_and_deleted(api: ApiClient) -> None:
    made = api.post("/rules", GOOD)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    assert [rule["rule_id"] for rule in api.get("/rules").json()] == ["my-rule"]
    changed = api.patch("/rules/my-rule", {"threshold": 3, "version": 1})
    assert (changed.status_code, changed.json()["error_threshold"], changed.json()["version"]) == (200, 3, 2)
    assert api.post("/rules/my-rule/disable").json()["enabled"] is False
    assert api.post("/rules/my-rule/enable").json()["enabled"] is True
    assert api.get("/rules/my-rule").json()["version"] == 4
    assert api.delete("/rules/my-rule").status_code == 204
    assert api.get("/rules/my-rule").status_code == 404


def test_built_in_rules_have_their_documented_numbers_and_cannot_be_deleted(
    api: ApiClient, machine: Actor
) -> None:
    install_builtin_rules(machine)
    numbers = {
        r["rule_id"]: (r["error_threshold"], r["time_window_seconds"]) for r in api.get("/rules").json()
    }
    assert numbers == {
        "service_errors": (5, 300), "error_burst": (10, 300), "service_down": (5, 60),
        "quality_drop": (5, 600), "workflow_failure_spike": (8, 300), "memory_exhaustion": (3, 120),
        "performance_degradation": (10, 300), "disk_space_low": (3, 300),
    }  # fmt: skip
    refused = api.delete("/rules/error_burst")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "disabled" in refused.json()["detail"]


def test_stale_version_is_409_with_the_rule_as_it_is(api: ApiClient) -> None:
    api.post("/rules", GOOD)
    api.patch("/rules/my-rule", {"threshold": 3})
    refused = api.patch("/rules/my-rule", {"threshold": 4, "version": 1})
    assert (refused.status_code, refused.json()["current"]["version"]) == (409, 2)


def test_taken_rule_id_is_409_and_names_the_field(api: ApiClient) -> None:
    api.post("/rules", GOOD)
    refused = api.post("/rules", GOOD)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "rule_id")


@pytest.mark.parametrize(
    ("body", "field"),
    [(GOOD | {"threshold": "many"}, "threshold"), (GOOD | {"pattern": "("}, "pattern"),
     (GOOD | {"colour": 1}, "colour"), ({"name": "x"}, "rule_id"), ([GOOD], ""),
     (GOOD | {"version": "1"}, "version")],
)  # fmt: skip
def test_bad_rule_is_422_and_names_the_field(api: ApiClient, body: Any, field: str) -> None:
    refused = api.post("/rules", body)
    assert refused.status_code == 422
    assert field in {fault["field"] for fault in refused.json()["errors"]}
    assert api.get("/rules").json() == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "/rules", GOOD | {"rule_id": "x"}), ("PATCH", "/rules/my-rule", {"threshold": 1}),
     ("DELETE", "/rules/my-rule", None), ("POST", "/rules/my-rule/enable", None),
     ("POST", "/rules/my-rule/disable", None)],
)  # fmt: skip
def test_viewer_changes_nothing(api: ApiClient, workspace, method: str, path: str, body: Any) -> None:
    api.post("/rules", GOOD)
    reader = client_of(workspace, "incidents:read")
    assert reader.send(method, path, body).status_code == 403
    assert [rule["version"] for rule in reader.get("/rules").json()] == [1]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "/rules/my-rule", None), ("PATCH", "/rules/my-rule", {"threshold": 1}),
     ("DELETE", "/rules/my-rule", None), ("POST", "/rules/my-rule/enable", None),
     ("POST", "/rules/my-rule/disable", None)],
)  # fmt: skip
def test_another_workspaces_rule_is_404(
    api: ApiClient, other_workspace, method: str, path: str, body: Any
) -> None:
    api.post("/rules", GOOD)
    rival = client_of(other_workspace, "admin")
    assert rival.send(method, path, body).status_code == 404
    assert rival.get("/rules").json() == []


@pytest.mark.parametrize("path", ["/rules/nothing", "/rules/INC-1", "/rules/" + "x" * 500])
def test_unknown_rule_is_404(api: ApiClient, path: str) -> None:
    assert api.get(path).status_code == 404
