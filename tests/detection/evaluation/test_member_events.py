"""The events an incident counts, filtered and paged, on its page and over the API."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import User
from core.errors import Forbidden, Invalid
from detection.evaluation import member_events as module
from detection.evaluation.member_events import EventFilter, distribution_of, member_events, read_event_filter
from detection.models import Level
from incidents.models import Incident
from tests.detection.bursts import errors

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(workspace, make_rule, send) -> Incident:
    """Thirty events: twenty errors of a, ten fatal ones of b of a type of their own, all with secrets."""
    make_rule(group_by="workspace")
    loud = errors(10, source="b", over=100, level="fatal", event_type="crash")
    secret = {"metadata": {"password": "hunter2", "host": "node-1"}, "message": "token=abcdef123456 refused"}
    send([*errors(20, source="a", over=100), *(one | secret for one in loud)])
    found: Incident = Incident.objects.of(workspace.pk).get()
    return found


def _all(actor, incident, wanted=None, limit=7):
    seen, cursor = [], None
    while True:
        page = member_events(actor, incident, wanted, cursor=cursor, limit=limit)
        seen += page.items
        if (cursor := page.older) is None:
            return seen


def test_pages_follow_each_other_newest_first_without_gap_or_repeat(incident, actor):
    seen = _all(actor, incident)
    assert len({event.pk for event in seen}) == len(seen) == 30
    assert seen == sorted(seen, key=lambda e: (e.occurred_at, e.pk), reverse=True)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"source": "b"}, 10),
        ({"event_type": "crash"}, 10),
        ({"minimum_level": Level.CRITICAL}, 10),
        ({"source": "a", "minimum_level": Level.FATAL}, 0),
        ({"source": "a", "minimum_level": Level.ERROR}, 20),
        ({"source": "nobody"}, 0),
    ],
)
def test_filter_selects_matching_events_on_every_page(incident, actor, wanted, count):
    assert len(_all(actor, incident, EventFilter(**wanted), limit=4)) == count


def test_search_that_fills_no_page_reports_its_progress_and_continues(incident, actor, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 8)
    page = member_events(actor, incident, EventFilter(source="nobody"))
    assert (page.items, page.looked_through) == ([], 8)
    assert len(_all(actor, incident, EventFilter(source="b"))) == 10


@pytest.mark.parametrize("wanted", [None, EventFilter(source="b")])
def test_page_costs_at_most_four_statements(incident, actor, wanted):
    with CaptureQueriesContext(connection) as queries:
        member_events(actor, incident, wanted)
    assert len(queries) == (4 if wanted else 3)


def test_distribution_is_by_source_the_busiest_first(incident, actor):
    with CaptureQueriesContext(connection) as queries:
        spread = distribution_of(actor, incident)
    assert [(one.name, one.count, one.percent) for one in spread.sources] == [("a", 20, 100), ("b", 10, 50)]
    assert (spread.types, spread.counted, len(queries)) == (["crash", "event"], 30, 3)
    assert spread.sources[0].first_at < spread.sources[0].last_at


def test_distribution_is_of_the_newest_events_only(incident, actor, monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 12)
    assert distribution_of(actor, incident).counted == 12


def test_filter_survives_its_own_address():
    wanted = EventFilter("a/b c", "x&y", Level.WARNING)
    assert wanted.as_query() == "event_source=a%2Fb+c&event_type=x%26y&event_level=warning"
    assert (
        read_event_filter({"event_level": "SEV3", "event_source": " a/b c ", "event_type": "x&y"}) == wanted
    )


@pytest.mark.parametrize(
    "given", [{"event_level": "loud"}, {"event_source": "x" * 201}, {"event_type": "a\nb"}]
)
def test_invalid_filter_names_its_parameter(given):
    with pytest.raises(Invalid) as refused:
        read_event_filter(given)
    assert [fault.field for fault in refused.value.faults] == list(given)


def test_token_without_the_scope_to_read_is_forbidden(incident, workspace):
    sender = Actor(workspace.pk, "token", "sender", scopes=frozenset({"events:write"}))
    for ask in (member_events, distribution_of):
        with pytest.raises(Forbidden):
            ask(sender, incident)


@pytest.fixture
def client(actor):
    client = Client()
    user = User.objects.get(pk=actor.user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_page_masks_what_looks_like_a_secret(client, incident):
    text = client.get(f"/incidents/{incident.reference}?event_source=b").content.decode()
    assert "hunter2" not in text
    assert "abcdef123456" not in text
    assert "node-1" in text


def test_page_filters_events_and_pages_them(client, incident):
    path = f"/incidents/{incident.reference}"
    assert client.get(f"{path}?event_level=fatal").content.count(b'class="event"') == 10
    first = client.get(path).content.decode()
    assert first.count('class="event"') == 20
    older = first.split("events_before=")[1].split("#")[0]
    assert client.get(f"{path}?events_before={older}").content.count(b'class="event"') == 10


@pytest.mark.parametrize("query", ["event_level=loud", "events_before=x"])
def test_unreadable_filter_shows_the_newest_events_and_an_error(client, incident, query):
    response = client.get(f"/incidents/{incident.reference}?{query}")
    assert response.status_code == 200
    assert b"Invalid filter" in response.content
    assert response.content.count(b'class="event"') == 20


def test_api_lists_them_filtered_and_masked(client, incident):
    path = f"/api/v1/incidents/{incident.number}/events"
    first = client.get(f"{path}?source=b&limit=6")
    assert [event["level"] for event in first.json()] == ["fatal"] * 6
    assert first.json()[0]["metadata"] == {"host": "node-1", "password": "[redacted]"}
    following = first["Link"].split("<")[2].split(">")[0].replace("http://testserver", "")
    assert len(client.get(following).json()) == 4
