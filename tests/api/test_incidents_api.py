"""The incident API, call by call."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db

NAMES = {
    "id", "service", "status", "event_count", "incident_id", "incident_type", "severity", "title",
    "description",
    "detected_at", "affected_components", "assigned_to", "mttd", "mtta", "mttr", "version", "url", "stage",
    "labels", "project", "started_at", "acknowledged_at", "mitigated_at", "resolved_at", "closed_at",
}  # fmt: skip


def declare(api: ApiClient, **fields: object) -> dict:
    response = api.post("/incidents", {"title": "Checkout is down"} | fields)
    assert response.status_code == 201, response.content
    return response.json()


def test_declared_incident_is_listed_with_every_name_the_documents_read(api):
    made = declare(api, severity="critical", components=["api", "worker"], projectId="shop")
    listed = api.get("/incidents").json()
    assert [item["id"] for item in listed] == [1]
    assert set(listed[0]) >= NAMES
    assert listed[0]["service"] == "api"
    assert (made["incident_id"], made["severity"], made["project"]) == ("INC-1", "sev1", "shop")


@pytest.mark.parametrize("name", ["1", "INC-1", "inc-1", "inc_00001"])
def test_every_spelling_of_a_reference_finds_the_incident(api, name):
    declare(api)
    response = api.get(f"/incidents/{name}")
    assert (response.status_code, response.json()["number"]) == (200, 1)
    assert response.json()["timeline"][0]["kind"] == "detected"


def test_declaration_returns_the_location_and_version_of_the_incident(api):
    response = api.post("/incidents", {"title": "Slow"})
    assert response["Location"] == "/api/v1/incidents/1"
    assert response["ETag"] == '"1"'


def test_declaration_repeated_with_its_key_returns_the_same_incident(api):
    body = {"title": "Slow", "status": "investigating"}
    first = api.post("/incidents", body, idempotency_key="deploy-17")
    api.post("/incidents/1/resolve")
    again = api.post("/incidents", body, idempotency_key="deploy-17")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again["Location"], again.json()["status"]) == ("/api/v1/incidents/1", "resolved")
    assert api.post("/incidents", body, idempotency_key="deploy-18").json()["number"] == 2


def test_key_that_is_no_line_of_text_is_refused(api):
    assert api.post("/incidents", {"title": "Slow"}, idempotency_key="k" * 201).status_code == 422
    assert api.get("/incidents").json() == []


@pytest.mark.parametrize("field", ["type", "incident_type"])
def test_type_is_accepted_by_both_names(api, field):
    assert declare(api, **{field: "service_down"})["incident_type"] == "service_down"


@pytest.mark.parametrize("field", ["components", "affected_components", "service"])
def test_components_go_by_every_name_and_as_a_comma_list(api, field):
    assert declare(api, **{field: "api,worker"})["affected_components"] == ["api", "worker"]


def test_documents_walk_from_open_to_closed(api):
    declare(api)
    for status in ("investigating", "resolved", "closed"):
        response = api.patch("/incidents/1/status", {"status": status})
        assert (response.status_code, response.json()["status"]) == (200, status)
    shown = api.get("/incidents/1").json()
    assert shown["mttr"] is not None
    assert shown["closed_at"] is not None


def test_impossible_move_names_the_field_the_rule_and_what_may_follow(api):
    declare(api)
    response = api.patch("/incidents/1/status", {"status": "closed"})
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["errors"][0]["field"] == "status"
    assert problem["errors"][0]["rule"] == "transition"
    assert "resolved" in problem["allowed"]


def test_several_changes_in_one_patch_are_all_made(api, make_actor):
    make_actor("responder", username="john.doe")
    declare(api)
    wanted = {"status": "containing", "severity": "critical", "assigned_to": "john.doe", "notes": "On it"}
    changed = api.patch("/incidents/inc_00001", wanted).json()
    assert (changed["stage"], changed["severity"], changed["assigned_to"]) == (
        "containment",
        "sev1",
        "john.doe",
    )
    assert changed["status"] == "open"
    assert "On it" in [entry["message"] for entry in api.get("/incidents/1/timeline").json()]


def test_one_wrong_change_in_a_patch_rejects_all(api):
    declare(api)
    response = api.patch("/incidents/1", {"title": "Other", "severity": "sev1", "status": "closed"})
    assert response.status_code == 422
    shown = api.get("/incidents/1").json()
    assert (shown["title"], shown["severity"], shown["version"]) == ("Checkout is down", "sev3", 1)


def test_null_assignee_means_unassigned(api, make_actor):
    make_actor("responder", username="john.doe")
    declare(api, assigned_to="john.doe")
    assert api.patch("/incidents/1", {"assigned_to": None}).json()["assigned_to"] is None


@pytest.mark.parametrize("how", ["body", "header"])
def test_stale_version_is_refused_with_the_current_state(api, how):
    declare(api)
    api.patch("/incidents/1", {"title": "Second"})
    body, headers = ({"title": "Third", "version": 1}, {}) if how == "body" else (
        {"title": "Third"}, {"if_match": '"1"'}
    )  # fmt: skip
    response = api.patch("/incidents/1", body, **headers)
    assert response.status_code == 409
    assert response.json()["current"]["title"] == "Second"
    assert api.get("/incidents/1").json()["title"] == "Second"


@pytest.mark.parametrize(
    ("verb", "body", "field", "value"),
    [
        ("acknowledge", {}, "status", "open"),
        ("resolve", {"message": "Restarted", "root_cause": "Leak"}, "root_cause", "Leak"),
        ("assign", {"username": "john.doe"}, "assigned_to", "john.doe"),
    ],
)
def test_each_verb_has_its_own_address(api, make_actor, verb, body, field, value):
    make_actor("responder", username="john.doe")
    declare(api)
    response = api.post(f"/incidents/1/{verb}", body)
    assert response.status_code == 200, response.content
    assert response.json()[field] == value


def test_verb_needs_no_body(api):
    declare(api)
    for verb in ("acknowledge", "resolve", "close", "reopen"):
        assert api.post(f"/incidents/1/{verb}").status_code == 200
    assert api.get("/incidents/1").json()["status"] == "investigating"


def test_notes_and_updates_are_timeline_entries(api):
    declare(api)
    assert api.post("/incidents/1/notes", {"note": "Look at the pool"}).status_code == 201
    assert api.post("/incidents/1/updates", {"message": "We are on it"}).status_code == 201
    kinds = {entry["kind"]: entry["is_public"] for entry in api.get("/incidents/1/timeline").json()}
    assert kinds["note"] is False
    assert kinds["update"] is True


def test_timeline_is_filtered_by_kind_and_paged(api):
    declare(api)
    for number in range(3):
        api.post("/incidents/1/notes", {"message": f"note {number}"})
    first = api.get("/incidents/1/timeline?kind=note&limit=2")
    assert [entry["message"] for entry in first.json()] == ["note 2", "note 1"]
    following = first["Link"].split("<")[2].split(">")[0]
    second = api.get(following.replace("http://testserver", ""))
    assert [entry["message"] for entry in second.json()] == ["note 0"]


def test_components_impact_is_set_and_taken_away(api):
    declare(api, components=["api"])
    assert api.put("/incidents/1/components/api", {"impact": "total_outage"}).status_code == 200
    assert api.get("/incidents/1").json()["components"] == [
        {"component": "api", "impact": "total_outage", "restored_at": None}
    ]
    assert api.delete("/incidents/1/components/api").json()["affected_components"] == []


def test_pages_of_incidents_follow_the_link_header_to_the_end(api):
    for number in range(5):
        declare(api, title=f"Trouble {number}")
    seen, where = [], "/incidents?limit=2"
    while where:
        response = api.get(where)
        seen += [item["number"] for item in response.json()]
        following = [part for part in response["Link"].split(", ") if 'rel="next"' in part]
        where = following[0].split("<")[1].split(">")[0].replace("http://testserver", "") if following else ""
    assert seen == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=active", [3, 2]),
        ("status=resolved", [1]),
        ("status=assessing", [3, 2]),
        ("severity=critical", [3]),
        ("severity=high,sev3", [2, 1]),
        ("type=error_burst", [2]),
        ("incident_type=error_burst", [2]),
        ("component=api", [3]),
        ("service=api", [3]),
        ("since=1h", [3, 2, 1]),
        ("since=7d&status=active&severity=critical", [3]),
        ("until=2020-01-01", []),
        ("project=shop", [2]),
        ("projectId=shop&status=open&severity=high&limit=20", [2]),
        ("assigned_to=john.doe", [3]),
        ("search=third", [3]),
        ("label=team=a", [1]),
    ],
)
def test_every_documented_filter_finds_what_it_describes(api, make_actor, query, found):
    make_actor("responder", username="john.doe")
    declare(api, title="First", labels={"team": "a"})
    declare(api, title="Second", severity="high", type="error_burst", projectId="shop")
    declare(api, title="Third", severity="critical", components=["api"], assigned_to="john.doe")
    api.post("/incidents/1/resolve")
    response = api.get(f"/incidents?{query}")
    assert response.status_code == 200, response.content
    assert [item["number"] for item in response.json()] == found


def test_unknown_query_parameter_is_named(api):
    response = api.get("/incidents?colour=red")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "colour"


def test_curls_default_content_type_is_taken(api):
    raw = b'{"title": "From curl"}'
    response = api.send("POST", "/incidents", raw=raw, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 201


def test_components_members_and_the_caller_are_listed(api, make_actor):
    make_actor("responder", username="john.doe")
    declare(api, components=["api"])
    assert [component["name"] for component in api.get("/components").json()] == ["api"]
    assert [member["username"] for member in api.get("/members").json()] == ["john.doe"]
    me = api.get("/me").json()
    assert (me["kind"], me["workspace"]["slug"]) == ("token", "acme")
    assert [workspace["slug"] for workspace in api.get("/workspaces").json()] == ["acme"]


def test_list_costs_the_same_queries_at_any_length(api, django_assert_num_queries):
    for number in range(3):
        declare(api, components=[f"component {number}"])
    api.get("/incidents")
    with django_assert_num_queries(3):  # the token, which they are, what of them
        assert len(api.get("/incidents").json()) == 3


def test_one_incident_costs_a_fixed_number_of_queries(api, django_assert_num_queries):
    declare(api, components=["api"])
    api.get("/incidents/1")
    with django_assert_num_queries(
        10
    ):  # one each for the analysis and merged incidents, two for similar ones
        assert api.get("/incidents/1").status_code == 200


def test_memberships_of_other_workspaces_are_not_listed(api, other_workspace, make_actor):
    make_actor("responder", username="stranger", inside=other_workspace)
    assert api.get("/members").json() == []
    assert Membership.objects.of(other_workspace.pk).count() == 1
