"""The timeline over the API: entries of both kinds, pins, corrected times, links, roles, all activity."""

from __future__ import annotations

import pytest

from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(api: ApiClient) -> ApiClient:
    """The API with INC-1 and INC-2 open."""
    for title in ("First", "Second"):
        assert api.post("/incidents", {"title": title, "components": ["db"]}).status_code == 201
    return api


def test_note_may_have_an_earlier_time(opened):
    when = "2026-01-01T10:00:00Z"
    made = opened.post("/incidents/1/timeline", {"message": "disk full", "occurred_at": when})
    assert made.status_code == 201
    assert (made.json()["kind"], made.json()["occurred_at"]) == ("note", when)
    assert opened.get("/incidents/1/timeline").json()[-1]["id"] == made.json()["id"]


def test_update_is_public_when_marked(opened):
    body = {"kind": "update", "message": "We know", "public": True}
    assert opened.post("/incidents/1/timeline", body).json()["is_public"] is True


@pytest.mark.parametrize("path", ["timeline", "notes", "updates"])
def test_note_repeated_with_its_key_is_stored_once(opened, path):
    for _ in range(2):
        response = opened.post(f"/incidents/1/{path}", {"message": "once"}, idempotency_key="a")
        assert response.status_code == 201
    opened.post(f"/incidents/1/{path}", {"message": "once"}, idempotency_key="b")
    messages = [entry["message"] for entry in opened.get("/incidents/1/timeline").json()]
    assert messages.count("once") == 2


def test_repeated_key_returns_its_entry(opened):
    first, second = (
        opened.post("/incidents/1/timeline", {"message": "once"}, idempotency_key="a").json()["id"]
        for _ in range(2)
    )
    assert first == second


def test_entry_is_pinned_and_its_time_corrected(opened):
    entry = opened.post("/incidents/1/timeline", {"message": "x"}).json()["id"]
    path = f"/incidents/1/timeline/{entry}"
    assert opened.put(f"{path}/pin").json()["pinned_at"] is not None
    assert opened.delete(f"{path}/pin").json()["pinned_at"] is None
    moved = opened.patch(path, {"occurred_at": "2026-01-01T00:00:00+02:00"}).json()
    assert moved["occurred_at"] == "2025-12-31T22:00:00Z"
    assert moved["time_corrected_at"] is not None


def test_links_are_made_shown_on_both_sides_and_taken_away(opened):
    linked = opened.put("/incidents/1/related/inc_0002").json()["linked"]
    assert [one["incident_id"] for one in linked] == ["INC-2"]
    assert [one["number"] for one in opened.get("/incidents/2/related").json()["linked"]] == [1]
    gone = opened.delete("/incidents/1/related/2").json()
    assert (gone["linked"], [one["number"] for one in gone["neighbours"]]) == ([], [2])


def test_impacts_and_the_history_of_roles_are_listed(opened, actor):
    opened.put("/incidents/1/components/db", {"impact": "total_outage"})
    hit = {"component": "db", "impact": "total_outage", "restored_at": None}
    assert opened.get("/incidents/1/components").json() == [hit]
    opened.post("/incidents/1/assign", {"username": "rita.responder"})
    opened.post("/incidents/1/assign", {})
    [held] = opened.get("/incidents/1/roles").json()
    assert (held["role"], held["username"]) == ("commander", "rita.responder")
    assert held["ended_at"] is not None


def test_activity_is_paged_and_shows_the_changes(opened):
    opened.patch("/incidents/1", {"severity": "sev1", "type": "deadlock"})
    first = opened.get("/incidents/1/activity?limit=2")
    assert len(first.json()) == 2
    following = first["Link"].split("<")[2].split(">")[0].replace("http://testserver", "")
    rest = opened.get(following.replace("limit=2", "limit=200")).json()
    acts = [*first.json(), *rest]
    audited = {act["kind"]: act["changes"] for act in acts if act["source"] == "audit"}
    assert audited["incident.severity"]["severity"] == ["sev3", "sev1"]
    assert audited["incident.edit"]["incident_type"] == ["other", "deadlock"]
    assert len({(act["source"], act["id"]) for act in acts}) == len(acts)


@pytest.mark.parametrize(("source", "kinds"), [("timeline", {"detected"}), ("audit", {"incident.declare"})])
def test_activity_of_one_source(opened, source, kinds):
    acts = opened.get(f"/incidents/1/activity?source={source}").json()
    assert {act["kind"] for act in acts} == kinds
