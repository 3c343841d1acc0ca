"""The list's page: filters in every link, paging both ways, and addresses that make no sense."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from incidents.correlation.services.opening import declare_incident
from incidents.sla.services.clocks import seed_policies


@pytest.fixture
def client(workspace, actor):
    seed_policies(workspace.pk)
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


@pytest.fixture
def sixty(client, actor):
    for number in range(60):
        declare_incident(
            actor, title=f"Trouble {number}", severity="sev2", components=["api"], labels={"project": "web"}
        )


def _text(response):
    return html.unescape(response.content.decode())


def _link(response, label):
    return re.search(rf'href="([^"]+)"[^>]*rel="{label}"', _text(response))[1]


def test_paging_preserves_the_filter_and_leads_back(client, sixty):
    first = client.get("/incidents?severity=high&project=web&sort=oldest")
    assert "60 incidents" in _text(first)
    second = client.get(_link(first, "next"))
    assert "severity=sev2&project=web&sort=oldest" in _link(first, "next")
    assert ("Trouble 59" in _text(second), "Trouble 49" in _text(second)) == (True, False)
    back = client.get(_link(second, "prev"))
    assert ("Trouble 0" in _text(back), "Trouble 50" in _text(back)) == (True, False)


def test_refreshed_panel_leads_to_pages_not_to_panels(client, sixty):
    panel = client.get("/panels/incidents.list?severity=high&key=")
    assert _link(panel, "next").startswith("/incidents?severity=sev2&cursor=")
    tabs = client.get("/panels/incidents.active?severity=sev2&key=")
    assert 'href="?severity=sev2&view=mine"' in _text(tabs)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/incidents?severity=purple", "“purple” must be one of sev1"),
        ("/incidents?cursor=nonsense", "cannot be read"),
        ("/incidents?sort=shoe", "last_event"),
        ("/incidents?wrong=1&status=active", "is not a filter"),
        ("/?type=flood", "“flood”"),
        ("/incidents?search=%00", "control characters"),
    ],
)
def test_invalid_address_is_a_400_page_that_names_what_was_ignored(client, sixty, path, message):
    response = client.get(path)
    assert response.status_code == 400
    assert message in _text(response)
    assert "Trouble 5" in _text(response)


@pytest.mark.parametrize("junk", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_junk_in_an_address_is_shown_as_text(client, junk):
    response = client.get("/incidents", {"severity": junk, "search": junk, junk: "1"})
    assert response.status_code == 400
    assert junk.encode() not in response.content


def test_form_that_sends_a_filter_twice_is_redirected_to_an_address_with_both(client):
    response = client.get("/incidents?severity=sev1&severity=sev2&search=x")
    assert (response.status_code, response["Location"]) == (303, "/incidents?severity=sev1%2Csev2&search=x")


def test_page_without_remaining_rows_shows_it_and_leads_back(client, actor):
    from types import SimpleNamespace

    from incidents.listing.ordering import NEWEST, encode
    from tests.incidents.make import NOW

    cursor = encode(NEWEST, SimpleNamespace(detected_at=NOW, id=1))
    response = client.get(f"/incidents?cursor={cursor}")
    assert "This page is empty" in _text(response)


def test_list_costs_the_same_number_of_queries_for_any_rows(client, sixty):
    pages = [
        "/incidents",
        "/incidents?severity=sev2&status=active&component=api&search=trouble&sort=duration",
    ]
    costs = []
    for path in pages:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        costs.append(len(seen))
    assert costs == [costs[0]] * 2
    assert costs[0] <= 10
