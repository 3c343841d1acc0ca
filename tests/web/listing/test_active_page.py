"""The landing page: links of figures, sorting, and row previews."""

from __future__ import annotations

import html
import re

import pytest

from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.sla.services.clocks import seed_policies
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(workspace, actor):
    seed_policies(workspace.pk)
    for number, severity in enumerate(("sev1", "sev2", "sev3", "sev3"), start=1):
        declare_incident(actor, title=f"Trouble {number}", severity=severity, components=[f"part {number}"])
    acknowledge_incident(actor, number=2)
    resolve_incident(actor, number=4)
    return browser_for(actor)


def _text(response):
    return html.unescape(response.content.decode())


def _rows(text):
    return [int(number) for number in re.findall(r'id="row-(\d+)"', text)]


def test_each_figure_leads_to_the_incidents_it_counts(client):
    page = _text(client.get("/"))
    figures = re.findall(r'<a href="(/[^"]*\?[^"]+)"[^>]*><b>(\d+)</b>', page)
    assert len(figures) == 4
    for address, count in figures:
        assert len(_rows(_text(client.get(address)))) == int(count), address


def test_health_names_the_worst_state_and_the_counts(client):
    page = _text(client.get("/"))
    assert "of 4 components" in page
    assert not re.search(r'class="figures">.*?%', page.split("</ul>")[0], re.S)


def test_column_head_sorts_and_reverses(client):
    page = _text(client.get("/incidents"))
    [address] = re.findall(r'class="sort-head" href="([^"]*sort=oldest[^"]*)"', page)
    assert _rows(_text(client.get(f"/incidents{address}"))) == [1, 2, 3, 4]
    [address] = re.findall(r'class="sort-head" href="([^"]*sort=severity[^"]*)"', page)
    assert _rows(_text(client.get(f"/incidents{address}")))[:2] == [1, 2]


def test_peek_is_a_page_and_a_fragment_for_the_dialog(client):
    path = "/incidents/INC-1/peek"
    whole, part = client.get(path), client.get(path, headers={"HX-Request": "true"})
    assert "<nav" in _text(whole)
    assert ("Trouble 1" in _text(part), "<nav" in _text(part)) == (True, False)


def test_row_leads_to_severity_status_commander_and_mitigation(client):
    page = _text(client.get("/"))
    for name in ("severity", "status", "assign"):
        assert f'hx-get="/incidents/INC-1/{name}"' in page
    assert 'href="/remediation/new?incident=INC-1"' in page


@pytest.mark.parametrize("query", ["acknowledged=perhaps", "sla=fine", "resolved_since=yesterday"])
def test_condition_that_means_nothing_is_named(client, query):
    response = client.get(f"/incidents?{query}")
    assert response.status_code == 400
    assert query.split("=")[1] in _text(response)
