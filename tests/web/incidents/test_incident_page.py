"""Editing in place, components, links to entries, events, and what a long page costs."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from detection.models import Event, IncidentEvent
from incidents.correlation.services.opening import declare_incident
from incidents.models import AffectedComponent, Incident, RoleAssignment, TimelineEntry
from incidents.sla.services.clocks import seed_policies
from incidents.timeline.services.notes import add_note


@pytest.fixture
def incident(workspace, actor):
    seed_policies(workspace.pk)
    return declare_incident(actor, title="Checkout is down", severity="sev2", components=["checkout"])


@pytest.fixture
def client(actor):
    client = Client()
    user = User.objects.get(pk=actor.user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _impacts(incident):
    rows = AffectedComponent.objects.of(incident.workspace_id).filter(incident=incident)
    return dict(rows.values_list("component__name", "impact"))


def _post(client, incident, name, **data):
    return client.post(f"/incidents/{incident.reference}/{name}", data)


def test_component_is_added_made_worse_and_taken_away(client, incident):
    _post(client, incident, "component", component="billing", impact="degraded")
    _post(client, incident, "component", component="checkout", impact="total_outage")
    assert _impacts(incident) == {"billing": "degraded", "checkout": "total_outage"}
    assert _post(client, incident, "component", component="billing", impact="").status_code == 303
    assert _impacts(incident) == {"checkout": "total_outage"}


def test_link_of_a_component_fills_in_its_form(client, incident):
    page = client.get(f"/incidents/{incident.reference}/component?component=checkout&impact=degraded")
    assert b'value="checkout"' in page.content
    assert b'value="degraded" selected' in page.content


def test_title_and_severity_change_in_place(client, incident):
    _post(client, incident, "title", title="Checkout is slow", version=incident.version)
    _post(client, incident, "severity", severity="sev4", version=incident.version + 1)
    now = Incident.objects.of(incident.workspace_id).get()
    assert (now.title, now.severity) == ("Checkout is slow", "sev4")


def test_stale_title_is_refused_with_both_titles_in_sight(client, incident):
    _post(client, incident, "title", title="First", version=incident.version)
    response = _post(client, incident, "title", title="Second", version=incident.version)
    assert response.status_code == 409
    assert b"First" in response.content
    assert b'value="Second"' in response.content


def _notes(incident, count):
    entry = {"workspace_id": incident.workspace_id, "incident": incident, "kind": "note"}
    TimelineEntry.objects.bulk_create(
        TimelineEntry(**entry, author_label="Probe", message=f"note {n}", occurred_at=timezone.now())
        for n in range(count)
    )


def _entries(page):
    return page.content.count(b'class="entry ')


def test_timeline_comes_in_pages_of_fifty(client, incident):
    _notes(incident, 120)
    page = client.get(f"/incidents/{incident.reference}")
    assert _entries(page) == 50
    assert b"Earlier entries" in page.content


def test_link_to_an_entry_of_a_later_page_opens_that_page(client, incident, actor):
    add_note(actor, number=incident.number, message="the one")
    old = TimelineEntry.objects.of(incident.workspace_id).get(message="the one")
    _notes(incident, 120)
    path = f"/incidents/{incident.reference}"
    assert f'id="entry-{old.pk}"'.encode() not in client.get(path).content
    assert f'id="entry-{old.pk}"'.encode() in client.get(f"{path}?entry={old.pk}").content


@pytest.mark.parametrize("entry", ["0", "999999999", "1e9", "-4", "9" * 40, "٣"])
def test_link_to_no_entry_shows_the_newest(client, incident, entry):
    page = client.get(f"/incidents/{incident.reference}?entry={entry}")
    assert page.status_code == 200
    assert _entries(page) >= 1


def test_filter_shows_one_kind(client, incident, actor):
    add_note(actor, number=incident.number, message="only this")
    page = client.get(f"/incidents/{incident.reference}?kind=notes")
    assert _entries(page) == 1
    assert b"only this" in page.content


def _event(incident, number):
    of, now = {"workspace_id": incident.workspace_id}, timezone.now()
    Event.objects.of(incident.workspace_id).create(
        **of, id=number + 1, event_id=f"e{number}", occurred_at=now, received_at=now, source="checkout",
        event_type="service_error", level=40, message=f"<b>card</b> refused {number}", metadata={},
        is_late=False,
    )  # fmt: skip
    IncidentEvent.objects.of(incident.workspace_id).create(
        **of, event_id=number + 1, incident_id=incident.pk, occurred_at=now
    )


def test_latest_twenty_events_are_shown_newest_first_and_escaped(client, incident):
    for number in range(25):
        _event(incident, number)
    text = client.get(f"/incidents/{incident.reference}").content.decode()
    assert text.count('class="event"') == 20
    assert text.index("refused 24") < text.index("refused 5")
    assert "refused 4<" not in text
    assert "<b>card" not in text


def test_incident_without_events_has_no_events_panel_to_see(client, incident):
    panel = client.get(f"/panels/incident.events?key={incident.number}")
    assert panel.content == b""


def _queries(client, path):
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_fifty_incidents_cost_no_more_queries_than_two(client, incident, actor):
    declare_incident(actor, title="Second", components=["a", "b"])
    before = {path: _queries(client, path) for path in ("/", "/incidents")}
    for number in range(47):
        declare_incident(actor, title=f"One of many {number}", components=["a", "b"])
    assert {path: _queries(client, path) for path in before} == before
    declare_incident(actor, title="The fiftieth")
    # As many as are shown: so there may be more, and they are counted.
    assert _queries(client, "/") == before["/"] + 1


def test_two_hundred_entries_cost_no_more_queries_than_two(client, incident, actor):
    add_note(actor, number=incident.number, message="first")
    path = f"/incidents/{incident.reference}"
    before = _queries(client, path)
    _notes(incident, 200)
    assert _queries(client, path) <= before


@pytest.mark.parametrize(
    ("name", "data", "field"),
    [
        ("acknowledge", {}, "acknowledged_at"),
        ("resolve", {"message": "Rolled back", "root_cause": "A bad release"}, "resolved_at"),
    ],
)
def test_change_by_a_form_of_the_page_can_be_undone(client, incident, name, data, field):
    response = client.post(
        f"/incidents/{incident.reference}/{name}",
        {"version": incident.version, **data},
        headers={"HX-Request": "true"},
    )
    assert getattr(Incident.objects.of(incident.workspace_id).get(), field) is not None
    outcome = json.loads(response["HX-Trigger"])["tocsin:done"]
    assert client.post(outcome["undo"]).status_code == 303
    now = Incident.objects.of(incident.workspace_id).get()
    assert (getattr(now, field), now.status, now.root_cause) == (None, "open", "")


def test_role_given_in_its_form_is_given_back(client, incident, actor):
    form = {"role": "tech_lead", "username": "rita.responder"}
    client.post(f"/incidents/{incident.reference}/assign", form)
    page = client.get(f"/incidents/{incident.reference}").content.decode()
    undo = re.search(r'href="(/incidents/bulk/\d+)">Undo', page)
    assert undo is not None
    assert client.post(f"{undo[1]}/undo").status_code == 303
    roles = RoleAssignment.objects.of(incident.workspace_id).filter(role="tech_lead")
    assert [bool(one.ended_at) for one in roles] == [True]
