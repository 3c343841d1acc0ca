"""Rate limits of pages equal those of the API; a form stores only its own fields."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership, User
from incidents.correlation.services.opening import declare_incident
from incidents.models import Incident
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


def test_pages_are_counted_too(actor, make_actor, settings):
    settings.API_LIMIT_PER_CALLER = 10
    browser, other = browser_for(actor), browser_for(make_actor())
    # Of ten this one process has its own share and what is common to all; a minute may end in between.
    responses = [browser.get("/settings/profile") for _ in range(25)]
    refused = [response for response in responses if response.status_code == 429]
    assert {response.status_code for response in responses} == {200, 429}
    assert all("Retry-After" in response.headers for response in refused)
    assert other.get("/settings/profile").status_code == 200
    assert Client().get("/sign-in").status_code == 200


def test_polling_of_an_open_page_does_not_block_acknowledging(actor, settings):
    settings.API_LIMIT_PER_CALLER = 10
    declare_incident(actor, title="Checkout is down")
    browser = browser_for(actor)
    for _ in range(40):
        assert browser.get("/panels/incidents.active").status_code == 200
    assert browser.post("/incidents/INC-1/acknowledge", {"version": 1}).status_code in (302, 303)
    assert Incident.objects.of(actor.workspace_id).get().acknowledged_at


def test_unexpected_field_changes_nothing(actor):
    browser = browser_for(actor)
    form = {"display_name": "Me", "email": "me@example.test", "time_zone": "UTC", "theme": "dark"}
    more = {"is_staff": "on", "is_superuser": "on", "username": "root", "role": "admin", "password": "x"}
    assert browser.post("/settings/profile", form | more).status_code == 303
    me = User.objects.get(pk=actor.user_id)
    assert (me.theme, me.is_staff, me.is_superuser) == ("dark", False, False)
    assert me.username != "root"
    assert Membership.objects.of(actor.workspace_id).get(user=me).role == actor.role
