"""Remediation through its pages and the API."""

from __future__ import annotations

import pytest

from remediation.runs.models import RemediationRun
from tests.api.client import ApiClient
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(workspace):
    """A machine token that may do everything."""
    from accounts.actor import system_actor
    from accounts.models import Scope
    from accounts.tokens.services import issue_token

    scopes = [scope.value for scope in Scope]
    return ApiClient(issue_token(system_actor(workspace.pk), name="All", scopes=scopes).text)


def test_plan_over_the_api_names_recommended_actions_first(api, incident):
    plan = api.get(f"/incidents/{incident.reference}/actions").json()
    recommended = [one["action"] for one in plan["actions"] if one["recommended"]]
    assert (plan["scenario"], recommended[:2]) == ("Service crash", ["scale_up", "restart_service"])
    assert len(plan["actions"]) == 8


def test_run_over_the_api_is_made_once_for_an_idempotency_key(api, incident):
    path = f"/incidents/{incident.reference}/runs"
    first = api.post(path, {"action": "rollback_deployment"}, idempotency_key="1").json()
    again = api.post(path, {"action": "rollback_deployment"}, idempotency_key="1").json()
    assert first["id"] == again["id"]
    assert first["state"] == "awaiting_approval"
    assert first["missing"].startswith("Needs the approval of a manager. No member of this workspace can")


def test_machine_token_cannot_approve(api, incident):
    run = api.post(f"/incidents/{incident.reference}/runs", {"action": "code_patch"}).json()
    refused = api.post(f"/remediation/runs/{run['id']}/approve", {"digest": run["digest"]})
    assert refused.status_code == 403


def test_unknown_action_is_refused_with_the_known_ones(api, incident):
    refused = api.post(f"/incidents/{incident.reference}/runs", {"action": "reboot"})
    assert refused.status_code == 404
    assert "scale_up" in refused.json()["detail"]


def test_action_with_wrong_settings_is_refused_field_by_field(api):
    refused = api.patch("/remediation/actions/scale_up", {"executor": "webhook", "config": {}})
    assert refused.status_code == 422
    assert [fault["field"] for fault in refused.json()["errors"]] == ["config.url"]


def test_run_goes_from_mitigate_to_approved_through_the_pages(incident, make_actor):
    responder, manager = browser_for(make_actor("responder")), browser_for(make_actor("manager"))
    page = responder.get(
        "/remediation/new", {"incident": incident.reference, "action": "rollback_deployment"}
    )
    assert b"Request approval" in page.content
    fields = {"incident": incident.reference, "action": "rollback_deployment", "request_key": "k"}
    sent = responder.post("/remediation/new", fields)
    assert sent.status_code == 303
    run = RemediationRun.objects.of(incident.workspace_id).get()
    page = manager.get(sent["Location"])
    assert run.digest.encode() in page.content
    assert b"Expires in 14m" in page.content
    response = manager.post(f"{sent['Location']}/approve", {"digest": run.digest, "note": "go"})
    assert response.status_code == 303
    run.refresh_from_db()
    assert run.state == "approved"
    assert b"Roll back deployment" in manager.get("/remediation").content
    assert (
        b"Roll back deployment" in manager.get(f"/panels/incident.remediation?key={incident.number}").content
    )


def test_refused_approval_shows_the_page_with_the_reason(incident, make_actor):
    browser = browser_for(make_actor("responder"))
    fields = {"incident": incident.reference, "action": "rollback_deployment", "request_key": "k"}
    where = browser.post("/remediation/new", fields)["Location"]
    run = RemediationRun.objects.of(incident.workspace_id).get()
    page = browser.post(f"{where}/approve", {"digest": run.digest}, follow=True)
    assert b"a manager must approve" in page.content


def test_admin_edits_an_action_and_a_refusal_preserves_the_input(admin):
    browser = browser_for(admin)
    assert browser.get("/remediation/actions/scale_up").status_code == 200
    fields = {
        "name": "Scale up", "when": "Always", "risk": "low", "executor": "webhook", "config": "{}",
        "timeout_s": "60", "cooldown_s": "0",
    }  # fmt: skip
    refused = browser.post("/remediation/actions/scale_up", fields)
    assert refused.status_code == 422
    assert b"config.url is required" in refused.content
    fields["config"] = '{"url": "https://hooks.example/scale"}'
    assert browser.post("/remediation/actions/scale_up", fields).status_code == 303
    assert b"Webhook" in browser.get("/remediation/actions").content
