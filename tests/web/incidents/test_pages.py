"""Pages and panels through Django's test client: rights, fragments, versions, conflicts, queries."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts.models import User
from core.ui.panels import PANELS
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import change_severity
from incidents.models import Component, Incident, TimelineEntry
from incidents.sla.services.clocks import seed_policies

# They show the same for every severity.
UNMOVED_BY_SEVERITY = (
    "component-silence",
    "bundles.incident",
    "incident-deliveries",
    "incident-escalation",
    "incidents.offers",
    "component.days",
    "component.neighbours",
    "detection.events_by_level",
    "postmortem.follow_through",
    "postmortem.incident",
    "postmortem.lessons",
    "postmortem.saved",
    "warroom.room",
    "status.incident",
    "status.postmortem",
)
HTMX = {"HX-Request": "true"}


def _client(actor):
    client = Client()
    client.force_login(
        User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


@pytest.fixture
def client(actor):
    return _client(actor)


@pytest.fixture
def incident(workspace, actor):
    seed_policies(workspace.pk)
    return declare_incident(actor, title="Checkout is down", severity="sev2", components=["checkout"])


@pytest.fixture
def component(incident):
    return Component.objects.of(incident.workspace_id).get(name="checkout")


def _url(incident, name=""):
    return f"/incidents/{incident.reference}{f'/{name}' if name else ''}"


def test_anonymous_user_is_redirected_to_the_sign_in_and_back(incident):
    response = Client().get(_url(incident))
    assert response.status_code == 303
    assert response["Location"] == f"/sign-in?next=%2Fincidents%2F{incident.reference}"


def test_another_workspaces_incident_is_not_there(incident, make_actor, other_workspace):
    outsider = _client(make_actor("admin", inside=other_workspace))
    assert outsider.get(_url(incident)).status_code == 404
    assert outsider.post(_url(incident, "acknowledge")).status_code == 404
    assert outsider.get(f"/panels/incident.header?key={incident.number}").status_code == 404


def test_viewer_may_read_but_not_act(incident, make_actor):
    viewer = _client(make_actor("viewer"))
    assert viewer.get(_url(incident)).status_code == 200
    assert viewer.post(_url(incident, "resolve")).status_code == 403
    assert Incident.objects.of(incident.workspace_id).get().status == "open"


@pytest.mark.parametrize("name", ["acknowledge", "status", "resolve", "assign", "severity", "edit", "note"])
def test_every_action_has_a_page_and_the_same_form_as_a_fragment(client, incident, name):
    page, fragment = client.get(_url(incident, name)), client.get(_url(incident, name), headers=HTMX)
    assert page.content.startswith(b"<!DOCTYPE html>")
    assert fragment.content.strip().startswith(b"<form")


def test_form_returns_303_and_htmx_204_with_the_topics(client, incident):
    assert client.post(_url(incident, "acknowledge")).status_code == 303
    response = client.post(_url(incident, "note"), {"message": "hm", "audience": "internal"}, headers=HTMX)
    assert response.status_code == 204
    outcome = json.loads(response["HX-Trigger"])["tocsin:done"]
    assert outcome["topics"] == ["incidents", f"incident:{incident.number}"]


def test_sending_a_note_twice_writes_it_once(client, incident):
    for _ in range(2):
        client.post(_url(incident, "note"), {"message": "only once", "audience": "internal"})
    notes = TimelineEntry.objects.of(incident.workspace_id).filter(kind="note")
    assert notes.count() == 1


def test_declaring_twice_with_one_form_makes_one_incident(client, workspace):
    seed_policies(workspace.pk)
    form = {"title": "Twice", "severity": "sev3", "request_key": "abc", "project": "shop"}
    responses = [client.post("/incidents/declare", form) for _ in range(2)]
    assert [a["Location"] for a in responses] == ["/incidents/INC-1"] * 2
    assert Incident.objects.of(workspace.pk).get().labels == {"project": "shop"}


def test_stale_form_is_refused_with_its_input_preserved_and_accepted_when_sent_again(client, incident, actor):
    stale = {"version": incident.version, "status": "identified", "message": "my own words"}
    change_severity(actor, number=incident.number, severity="sev1")
    response = client.post(_url(incident, "status"), stale)
    text = response.content.decode()
    assert response.status_code == 409
    assert "my own words" in text
    assert "SEV1" in text
    assert client.post(_url(incident, "status"), stale | {"version": incident.version + 1}).status_code == 303


def test_empty_note_is_refused_with_the_field_named(client, incident):
    response = client.post(_url(incident, "note"), {"message": " ", "audience": "internal"}, headers=HTMX)
    assert response.status_code == 422
    assert response["HX-Retarget"] == "#dialog-body"


def test_return_address_is_never_another_site(client, incident):
    response = client.post(_url(incident, "acknowledge"), {"next": "https://evil.test/"})
    assert response["Location"] == f"/incidents/{incident.reference}"


@pytest.mark.parametrize(
    "name",
    sorted({*PANELS.names()} - {"failing_checks", "rules.list", "component.changes", "oncall.schedules"}),
)
def test_unchanged_panel_returns_304_and_a_changed_one_does_not(client, incident, component, actor, name):
    key = component.pk if name.startswith(("component.", "component-")) else incident.number
    url = f"/panels/{name}?key={key}"
    first = client.get(url)
    assert first.status_code == 200
    assert client.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 304
    change_severity(actor, number=incident.number, severity="sev1")
    if name not in UNMOVED_BY_SEVERITY:
        assert client.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_unknown_panel_is_not_there(client):
    assert client.get("/panels/no.such").status_code == 404


def test_more_incidents_cost_no_more_queries(client, actor, incident, django_assert_max_num_queries):
    for number in range(20):
        declare_incident(actor, title=f"One of many {number}", components=["a", "b"])
    for path, most in (("/", 28), ("/incidents", 20), (_url(incident), 44)):
        with django_assert_max_num_queries(most):
            assert client.get(path).status_code == 200


def test_no_page_uses_what_the_csp_forbids(client, incident):
    for path in ("/", "/incidents", "/incidents/declare", _url(incident)):
        response = client.get(path)
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert b" style=" not in response.content
        assert b"onclick" not in response.content
