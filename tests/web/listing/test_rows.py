"""Rows are cached and still current; a long list of open incidents counts what it left out."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from incidents.correlation.services.opening import JoinedEvents, add_joined_events, declare_incident
from incidents.lifecycle.services.responding import acknowledge_incident, change_severity, edit_incident
from incidents.models import Component, Incident
from incidents.roles.services import assign_role
from incidents.sla.services.clocks import seed_policies

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(workspace, actor):
    seed_policies(workspace.pk)
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


@pytest.fixture
def incident(client, actor):
    return declare_incident(actor, title="Checkout fails", severity="sev3", components=["shop"])


def row(client, path="/incidents", number=1):
    found = html.unescape(client.get(path).content.decode())
    return re.search(rf'<li class="incident[^>]*id="row-{number}".*?</li>', found, re.S)[0]


def test_same_row_is_not_made_twice(client, incident, monkeypatch):
    with time_machine.travel(timezone.now(), tick=False):  # else a slow machine shows another minute
        first = row(client)
        again = "incidents.listing.html_cache.render_to_string"
        monkeypatch.setattr(again, lambda *_: pytest.fail("made again"))
        assert row(client) == first


def _joins(actor, incident, now):
    add_joined_events(actor.workspace_id, [JoinedEvents(incident.pk, 7, now, ("shop", "cart"))])


def _renames_the_component(actor, incident, now):
    Component.objects.of(actor.workspace_id).update(name="store")


def _is_edited_past_the_services(actor, incident, now):
    Incident.objects.of(actor.workspace_id).update(title="Told by the admin")


CHANGES = {
    "title": (lambda a, i, n: edit_incident(a, number=1, title="Pay fails"), "Pay fails", "Checkout"),
    "severity": (lambda a, i, n: change_severity(a, number=1, severity="sev1"), "SEV1", "SEV3"),
    "status": (lambda a, i, n: acknowledge_incident(a, number=1), 'name="resolve"', 'name="acknowledge"'),
    "commander": (lambda a, i, n: assign_role(a, number=1, user_id=a.user_id), "Rita", "Unassigned"),
    "events": (_joins, "7 events", "never there"),
    "component": (_renames_the_component, "store", "shop"),
    "admin": (_is_edited_past_the_services, "Told by the admin", "Checkout"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_row_shows_each_change_at_once(client, actor, incident, name):
    change, now_there, gone = CHANGES[name]
    assert now_there not in row(client)
    change(actor, incident, timezone.now())
    assert now_there in row(client)
    assert gone not in row(client)


def test_relative_time_of_a_row_advances(client, incident, monkeypatch):
    assert "just now" in row(client)
    now = timezone.now() + timedelta(minutes=5, seconds=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    assert "5m ago" in row(client)


def test_viewer_gets_a_row_without_buttons(client, incident, make_actor):
    assert "Acknowledge INC-" in row(client)
    reader = Client()
    reader.force_login(User.objects.get(pk=make_actor("viewer").user_id))
    assert "Acknowledge INC-" not in row(reader)


def test_pages_of_open_and_of_all_each_have_their_own_row(client, incident):
    assert 'data-time="age"' in row(client, "/")
    assert 'data-time="ago"' in row(client, "/incidents")


@pytest.fixture
def many(client, actor):
    for number in range(1, 56):
        severity = "sev1" if number == 3 else "sev3"
        declare_incident(actor, title=f"Trouble {number}", severity=severity, components=["shop"])
    assign_role(actor, number=2, user_id=actor.user_id)


def test_many_open_incidents_show_own_and_worst_and_count_the_rest(client, many):
    page = html.unescape(client.get("/").content.decode())
    numbers = [int(n) for n in re.findall(r'id="row-(\d+)"', page)]
    assert (len(numbers), numbers[:3]) == (50, [2, 3, 55])
    assert re.search(r'All <span class="count">55</span>', page)
    assert re.search(r'Mine <span class="count">1</span>', page)
    [rest] = re.findall(r'href="([^"]+)">5 more: view in list', page)
    assert "55 incidents" in client.get(rest).content.decode()


def test_link_to_the_rest_preserves_the_filter(client, many):
    page = html.unescape(client.get("/?severity=sev3&sort=oldest").content.decode())
    numbers = [int(n) for n in re.findall(r'id="row-(\d+)"', page)]
    assert (len(numbers), numbers[:3]) == (50, [1, 2, 4])
    [rest] = re.findall(r'href="([^"]+)">4 more: view in list', page)
    assert "54 incidents" in client.get(rest).content.decode()


def test_own_incidents_are_counted_and_shown_separately(client, many):
    page = html.unescape(client.get("/?view=mine").content.decode())
    assert re.findall(r'id="row-(\d+)"', page) == ["2"]
    assert "more: view in list" not in page


def test_old_date_is_in_the_time_zone_of_the_viewer(client, incident, actor):
    at = (timezone.now() - timedelta(days=60)).replace(hour=23, minute=30)
    Incident.objects.of(actor.workspace_id).update(detected_at=at, started_at=at)
    for zone, day in (("UTC", at), ("Asia/Tokyo", at + timedelta(days=1))):
        User.objects.filter(pk=actor.user_id).update(time_zone=zone)
        assert f">{day.day} {day:%b %Y}</time>" in row(client)
