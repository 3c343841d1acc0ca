"""Actions on rows and selections over HTTP: forms, htmx, results, undo, exports."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts.models import User
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import acknowledge_incident, change_severity
from incidents.models import BulkAction, Incident
from incidents.sla.services.clocks import seed_policies

HTMX = {"HX-Request": "true"}


def _client(actor):
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


@pytest.fixture
def three(workspace, actor):
    seed_policies(workspace.pk)
    return [declare_incident(actor, title=f"Trouble {n}", severity="sev2") for n in (1, 2, 3)]


@pytest.fixture
def client(actor, three):
    return _client(actor)


def _picks(*incidents):
    return [f"{i.number}:{i.version}" for i in incidents]


def _statuses(workspace):
    return list(Incident.objects.of(workspace.pk).order_by("number").values_list("status", flat=True))


def _done(response):
    assert response.status_code == 204, response.content
    return json.loads(response["HX-Trigger"])["tocsin:done"]


def test_form_without_scripts_leads_back_with_a_way_to_undo(client, three, workspace):
    form = {"do": "resolve", "pick": _picks(*three), "next": "/incidents?severity=sev2"}
    response = client.post("/incidents/bulk", form)
    assert (response.status_code, response["Location"]) == (303, "/incidents?severity=sev2")
    action = BulkAction.objects.of(workspace.pk).get()
    page = client.get("/incidents?severity=sev2").content.decode()
    assert "3 incidents resolved" in page
    assert f'href="/incidents/bulk/{action.pk}"' in page
    assert f"/incidents/bulk/{action.pk}/undo" in client.get(f"/incidents/bulk/{action.pk}").content.decode()
    assert client.post(f"/incidents/bulk/{action.pk}/undo").status_code == 303
    assert _statuses(workspace) == ["open"] * 3
    assert (
        f"/incidents/bulk/{action.pk}/undo" not in client.get(f"/incidents/bulk/{action.pk}").content.decode()
    )


def test_refusals_are_listed_before_successes(client, three, make_actor):
    acknowledge_incident(make_actor("responder", username="theo.lind"), number=3)
    response = client.post("/incidents/bulk", {"do": "acknowledge", "pick": _picks(*three)})
    text = client.get(response["Location"]).content.decode()
    assert text.index("step-refused") < text.index("step-done")
    assert text.index("INC-3") < text.index("INC-1") < text.index("INC-2")
    assert text.index("acknowledged already") < text.index(">INC-1<") < text.index(">INC-2<")


def test_htmx_gets_a_toast_with_undo_and_the_topics(client, three, workspace):
    outcome = _done(
        client.post("/incidents/bulk", {"do": "acknowledge", "pick": _picks(*three)}, headers=HTMX)
    )
    assert outcome["message"] == "3 incidents acknowledged"
    assert outcome["topics"] == ["incidents", "incident:1", "incident:2", "incident:3"]
    undone = _done(client.post(outcome["undo"], headers=HTMX))
    assert undone["message"] == "Undone: 3 incidents."
    assert "undo" not in undone


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"acknowledge": "1:1"}, "INC-1 acknowledged"),
        ({"mine": "1:1"}, "You are now commander of INC-1"),
        ({"resolve": "1:1"}, "INC-1 resolved"),
        ({"do": "mine", "pick": ["1:1", "2:1"]}, "You are now commander of 2 incidents"),
        (
            {"do": "assign", "pick": "2:1", "username": ""},
            "Nothing changed: the commander of INC-2 is the same as before.",
        ),
    ],
)
def test_buttons_of_a_row_and_of_the_bar_show_what_they_did(client, form, message):
    assert _done(client.post("/incidents/bulk", form, headers=HTMX))["message"] == message


def test_refusals_are_listed_per_incident(client, three, make_actor):
    theo = make_actor("responder", username="theo.lind")
    acknowledge_incident(theo, number=1)
    form = {"do": "acknowledge", "pick": [*_picks(*three), "77"]}
    fragment = client.post("/incidents/bulk", form, headers=HTMX)
    text = fragment.content.decode()
    assert (fragment.status_code, fragment["HX-Retarget"]) == (200, "#dialog-body")
    assert "2 changed, 2 refused" in text
    assert "acknowledged already by Theo Lind" in text
    assert "There is no INC-77" in text
    page = client.post("/incidents/bulk", form)
    assert (page.status_code, "/incidents/bulk/" in page["Location"]) == (303, True)
    assert "2 changed, 2 refused" in client.get(page["Location"]).content.decode()


def test_stale_row_is_refused_and_named(client, three, actor):
    change_severity(actor, number=2, severity="sev1")
    response = client.post("/incidents/bulk", {"do": "resolve", "pick": _picks(*three)}, headers=HTMX)
    assert "INC-2 has changed since you read it" in response.content.decode()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"do": "resolve"}, 422),
        ({"do": "resolve", "pick": "INC-1"}, 422),
        ({"do": "resolve", "pick": "1:2:3"}, 422),
        ({"do": "explode", "pick": "1:1"}, 422),
        ({"pick": "1:1"}, 422),
        ({"do": "resolve", "pick": [str(n) for n in range(1, 202)]}, 422),
        ({"do": "resolve", "pick": "9999999999999"}, 422),
    ],
)
def test_invalid_action_is_refused_and_changes_nothing(client, workspace, form, status):
    assert client.post("/incidents/bulk", form).status_code == status
    assert client.post("/incidents/bulk", form, headers=HTMX).status_code == status
    assert _statuses(workspace) == ["open"] * 3


def test_viewer_may_pick_and_export_but_not_act(three, make_actor, workspace):
    viewer = _client(make_actor("viewer"))
    page = viewer.get("/incidents").content.decode()
    assert ("data-pick" in page, 'name="do"' in page, 'id="one"' in page) == (True, False, False)
    assert viewer.post("/incidents/bulk", {"do": "resolve", "pick": "1:1"}).status_code == 403
    assert viewer.post("/incidents/export", {"format": "json", "pick": "1:1"}).status_code == 200
    assert _statuses(workspace) == ["open"] * 3


def test_return_address_is_never_another_site(client):
    response = client.post("/incidents/bulk", {"do": "resolve", "pick": "1:1", "next": "https://evil.test/"})
    assert response["Location"] == "/incidents"


def test_action_of_another_user_is_not_found(client, three, make_actor):
    client.post("/incidents/bulk", {"do": "resolve", "pick": "1:1"})
    action = BulkAction.across_workspaces.get()
    other = _client(make_actor("admin"))
    assert other.get(f"/incidents/bulk/{action.pk}").status_code == 404
    assert other.post(f"/incidents/bulk/{action.pk}/undo").status_code == 404


def _body(response):
    return b"".join(response.streaming_content).decode()


def test_export_link_of_a_filtered_list_has_the_same_filter(client, actor):
    declare_incident(actor, title="Other", severity="sev4")
    page = client.get("/incidents?severity=high&sort=oldest").content.decode()
    assert "/incidents/export?format=csv&amp;severity=sev2" in page
    response = client.get("/incidents/export?format=csv&severity=sev2")
    assert response["Content-Disposition"].startswith('attachment; filename="acme-incidents-')
    assert response["Cache-Control"] == "private, no-store"
    text = _body(response)
    assert text.startswith("\ufeffreference,")
    assert (text.count("Trouble"), "Other" in text) == (3, False)


def test_selected_incidents_are_exported_and_a_missing_one_is_reported(client):
    whole = json.loads(_body(client.post("/incidents/export", {"format": "json", "pick": ["3:1", "1:1"]})))
    assert [one["number"] for one in whole["incidents"]] == [3, 1]
    missing = client.post("/incidents/export", {"format": "json", "pick": ["1:1", "88"]})
    assert missing.status_code == 404
    assert b"INC-88" in missing.content


def test_page_of_an_incident_leads_to_its_files(client):
    page = client.get("/incidents/INC-1").content.decode()
    for kind in ("csv", "json", "markdown"):
        assert f'href="/incidents/INC-1/export?format={kind}"' in page


@pytest.mark.parametrize("kind", ["csv", "json", "markdown", "md", ""])
def test_one_incident_has_a_file_of_every_kind(client, kind):
    response = client.get(f"/incidents/INC-1/export?format={kind}")
    assert response.status_code == 200
    assert "Trouble 1" in _body(response)


@pytest.mark.parametrize(
    "path",
    ["/incidents/export?severity=purple", "/incidents/export?sevrity=sev1", "/incidents/export?format=xlsx",
     "/incidents/INC-1/export?format=xlsx", "/incidents/export?cursor=x"],
)  # fmt: skip
def test_invalid_address_never_creates_a_file(client, path):
    assert client.get(path).status_code == 422


def test_files_over_the_api_need_a_token_that_may_read(client, workspace, other_workspace):
    from accounts.actor import system_actor
    from accounts.tokens.services import issue_token

    def ask(path, of=workspace, scope="incidents:read"):
        text = issue_token(system_actor(of.pk), name="T", scopes=[scope]).text
        return Client().get(f"/api/v1{path}", headers={"authorization": f"Bearer {text}"})

    assert json.loads(_body(ask("/incidents/export?status=active")))["count"] == 3
    assert _body(ask("/incidents/export?format=csv")).startswith("reference,")
    assert "# INC-2" in _body(ask("/incidents/INC-2/export?format=markdown"))
    assert json.loads(_body(ask("/incidents/export", of=other_workspace)))["count"] == 0
    assert ask("/incidents/2/export", of=other_workspace).status_code == 404
    assert ask("/incidents/export", scope="events:write").status_code == 403
    assert ask("/incidents/export?severity=purple").status_code == 422
    assert ask("/incidents/export?format=xlsx").json()["errors"][0]["field"] == "format"
