"""The calls of an incident module's documentation, in their order, over the API."""

from __future__ import annotations

import datetime

import pytest

from accounts.actor import system_actor
from accounts.models import Membership, Scope
from accounts.tokens.services import issue_token
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(workspace, make_user):
    for name in ("dev-123", "fran.facilitator"):
        Membership.objects.create(workspace_id=workspace.pk, user=make_user(name), role="responder")
    scopes = [Scope.INCIDENTS_READ, Scope.INCIDENTS_WRITE]
    return ApiClient(issue_token(system_actor(workspace.pk), name="IDE", scopes=scopes).text)


def ok(response, status=200):
    assert response.status_code == status, response.content
    return response.json()


def test_documented_calls_work_in_their_order(api):
    incident = ok(
        api.post(
            "/incidents",
            {
                "projectId": "project-123", "title": "Database connection timeout",
                "description": "Users experiencing slow queries", "severity": "high", "status": "open",
                "declaredAt": datetime.datetime.now(datetime.UTC).isoformat(),
            },
        ),
        201,
    )  # fmt: skip
    name = incident["incident_id"]
    ok(api.patch(f"/incidents/{name}/status", {"status": "investigating"}))
    ok(api.patch(f"/incidents/{name}/status", {"status": "resolved"}))
    found = ok(api.get("/incidents?project=project-123&severity=high&limit=20"))
    assert [one["incident_id"] for one in found] == [name]

    assert api.get(f"/incidents/{name}/postmortem").status_code == 404  # getPostmortem: null
    made = ok(
        api.post(
            f"/incidents/{name}/postmortem",
            {
                "title": "Postmortem: Database Connection Timeout",
                "summary": "Root cause analysis and lessons learned",
                "timeline": [
                    {"time": "10:00", "event": "Incident declared"},
                    {"time": "10:15", "event": "Investigation started"},
                    {"time": "11:30", "event": "Root cause identified"},
                    {"time": "12:00", "event": "Incident resolved"},
                ],
                "rootCauses": ["Connection pool exhausted", "Missing connection timeout configuration"],
                "impact": "Users experienced 5-minute delays",
            },
        ),
        201,
    )
    assert made["title"] == "Postmortem: Database Connection Timeout"
    assert made["summary"] == "Root cause analysis and lessons learned"
    assert made["impact"] == "Users experienced 5-minute delays"
    assert made["root_causes"] == ["Connection pool exhausted", "Missing connection timeout configuration"]
    timeline = next(one["text"] for one in made["sections"] if one["key"] == "timeline")
    assert "| 11:30 | Root cause identified |" in timeline

    lesson = {
        "lesson": "Always configure connection pool limits", "priority": "high", "category": "infrastructure",
    }  # fmt: skip
    ok(api.post(f"/postmortems/{made['id']}/lessons", lesson), 201)
    learned = ok(api.get(f"/incidents/{name}/postmortem"))["lessons_learned"]
    assert [{key: one[key] for key in lesson} for one in learned] == [lesson]

    analysis = ok(api.post(f"/incidents/{name}/five-whys", {"facilitatorId": "fran.facilitator"}), 201)
    assert analysis["facilitator"] == "fran.facilitator"
    for why in ("Why did the connection pool exhaust?", "Why were there too many connections?"):
        body = {"why": why, "answeredBy": "dev-123"}
        ok(api.post(f"/incidents/{analysis['id']}/five-whys/whys", body), 201)
    ended = ok(
        api.post(
            f"/incidents/{analysis['id']}/five-whys/root-cause",
            {"rootCause": "Missing connection pool configuration"},
        )
    )
    assert ended["whys"][-1]["question"] == "Why were there too many connections?"
    assert ended["whys"][-1]["is_root_cause"]
    assert "Missing connection pool configuration" in ended["root_causes"]

    item = ok(
        api.post(
            "/action-items",
            {
                "incidentId": name, "title": "Configure connection pool limits",
                "description": "Set max connections to 100", "assignedTo": "dev-123", "status": "open",
                "priority": "high", "dueDate": "2025-02-05T00:00:00.000Z",
            },
        ),
        201,
    )  # fmt: skip
    assert (item["id"], item["assignee"], item["due_date"]) == ("ACT-1", "dev-123", "2025-02-05")
    assert [one["id"] for one in ok(api.get(f"/incidents/{name}/action-items"))] == ["ACT-1"]
    done = ok(api.patch(f"/action-items/{item['id']}/status", {"status": "completed"}))
    assert done["status"] == "done"
    assert done["completed_at"]


def test_short_postmortem_and_an_item_without_a_date(api):
    name = ok(api.post("/incidents", {"title": "API rate limit exceeded", "severity": "high"}), 201)[
        "incident_id"
    ]
    ok(api.patch(f"/incidents/{name}/status", {"status": "resolved"}))
    body = {
        "title": "Postmortem: API Rate Limit", "summary": "Root cause: Missing rate limit configuration",
        "rootCauses": ["Missing rate limit configuration"],
        "impact": "Users unable to use API for 30 minutes",
    }  # fmt: skip
    made = ok(api.post(f"/incidents/{name}/postmortem", body), 201)
    assert made["root_causes"] == ["Missing rate limit configuration"]
    item = {"incidentId": name, "title": "Configure rate limits", "assignedTo": "dev-123", "priority": "high"}
    assert ok(api.post("/action-items", item), 201)["due_date"] is None
    again = ok(api.post(f"/incidents/{name}/postmortem", {}))
    assert again["title"] == "Postmortem: API Rate Limit"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x"}, "incident_id"),
        ({"incidentId": "INC-1", "title": "Fix it"}, "title"),
        ({"incidentId": "INC-1", "title": "Add an alert", "priority": "urgent"}, "priority"),
        ({"incidentId": "INC-1", "title": "Add an alert", "assignedTo": "stranger"}, "username"),
        ({"incidentId": "INC-1", "title": "Add an alert", "dueDate": "soon"}, "dueDate"),
    ],
)
def test_bad_action_item_names_its_field(api, body, field):
    ok(api.post("/incidents", {"title": "x"}), 201)
    response = api.post("/action-items", body)
    assert response.status_code == 422
    assert field in [one["field"].split(".")[0] for one in response.json()["errors"]]


def test_postmortem_and_action_item_of_a_review_meeting(api):
    ok(api.post("/incidents", {"title": "Checkout is down", "severity": "SEV1"}), 201)
    ok(api.patch("/incidents/1/status", {"status": "RESOLVED"}))
    texts = {
        "summary": "Checkout failed", "whatHappened": "The pool was full", "whyItHappened": "A leak",
        "whatWentWell": "A fast rollback", "whatWentPoorly": "No alert",
        "whereWeGotLucky": "It was night", "impactAssessment": "1,000 orders",
    }  # fmt: skip
    made = ok(api.post("/incidents/1/postmortem", texts), 201)
    assert [made[name] for name in (
        "summary", "what_happened", "why_it_happened", "what_went_well", "what_went_poorly",
        "where_we_got_lucky", "impact",
    )] == list(texts.values())  # fmt: skip
    body = {
        "postmortemId": made["id"], "description": "Alert when the pool is full\nAt 80 %",
        "assigneeId": "dev-123", "status": "OPEN", "dueDate": "2026-12-05T00:00:00.000Z",
    }  # fmt: skip
    item = ok(api.post("/action-items", body), 201)
    assert (item["title"], item["assignee"]) == ("Alert when the pool is full", "dev-123")
    for sent, stored in (("IN_PROGRESS", "in_progress"), ("DONE", "done")):
        moved = ok(api.patch(f"/action-items/{item['id']}/status", {"status": sent}))
        assert moved["status"] == stored
    refused = api.post("/action-items", {"postmortemId": made["id"], "assigneeId": "dev-123"})
    assert "title" in [one["field"] for one in refused.json()["errors"]]
