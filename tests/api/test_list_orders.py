"""The API's list in every order, forwards and back by its own links."""

from __future__ import annotations

import re

import pytest

from accounts.actor import system_actor
from incidents.correlation.services.opening import declare_incident
from incidents.listing.ordering import ORDERS

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(workspace):
    for number in range(7):
        declare_incident(
            system_actor(workspace.pk), title=f"Trouble {number}", severity=f"sev{number % 4 + 1}"
        )


def _links(response):
    return {
        name: url.split("/api/v1")[1] for url, name in re.findall(r'<([^>]+)>; rel="(\w+)"', response["Link"])
    }


def _numbers(response):
    return [one["number"] for one in response.json()]


@pytest.mark.parametrize("sort", ORDERS)
def test_links_lead_through_the_list_and_back_to_its_start(api, seven, sort):
    first = api.get(f"/incidents?limit=3&sort={sort}")
    second = api.get(_links(first)["next"])
    third = api.get(_links(second)["next"])
    assert sorted(_numbers(first) + _numbers(second) + _numbers(third)) == list(range(1, 8))
    assert ("next" in _links(third), "prev" in _links(first)) == (False, False)
    assert _numbers(api.get(_links(third)["prev"])) == _numbers(second)
    assert _numbers(api.get(_links(second)["prev"])) == _numbers(first)
    assert _numbers(api.get(_links(third)["first"])) == _numbers(first)


def test_worst_come_first_with_that_order(api, seven):
    assert _numbers(api.get("/incidents?sort=severity")) == [5, 1, 6, 2, 7, 3, 4]


@pytest.mark.parametrize(("query", "field"), [("sort=shoe", "sort"), ("sort=oldest&cursor={}", "cursor")])
def test_unknown_order_and_cursor_of_another_order_are_refused(api, seven, query, field):
    cursor = re.search(r"cursor=([\w-]+)", _links(api.get("/incidents?limit=3"))["next"])[1]
    response = api.get(f"/incidents?{query.format(cursor)}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
