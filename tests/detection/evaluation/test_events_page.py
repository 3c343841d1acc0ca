"""The events an incident counts, page by page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from core.errors import Forbidden, NotFound
from detection.models import Level
from detection.selectors import events_page
from incidents.models import Incident
from tests.detection.bursts import errors
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(workspace, make_rule, send) -> Incident:
    """Thirty-one events: twenty of a, ten fatal ones of b, and one that shares its time with another."""
    make_rule(group_by="workspace")
    batch = errors(20, source="a", over=100) + errors(10, source="b", over=100, level="fatal")
    send([*batch, batch[7] | {"message": "twin"}])
    found: Incident = Incident.objects.of(workspace.pk).get()
    return found


def test_pages_follow_each_other_without_a_gap_or_a_repeat(incident: Incident, actor: Actor) -> None:
    seen, after, sizes = [], None, []
    while True:
        page = events_page(actor, incident.pk, after=after, limit=8)
        seen += page.items
        sizes.append(len(page.items))
        if (after := page.after) is None:
            break
    assert sizes == [8, 8, 8, 7]
    assert [(e.occurred_at, e.id) for e in seen] == sorted({(e.occurred_at, e.id) for e in seen})
    assert len(seen) == incident.event_count == 31


def test_complete_page_has_no_next_one(incident: Incident, actor: Actor) -> None:
    page = events_page(actor, incident.pk, limit=31)
    assert (len(page.items), page.after) == (31, None)


def test_events_are_filtered_by_source_and_least_level(incident: Incident, actor: Actor) -> None:
    of_b = events_page(actor, incident.pk, sources=["b"]).items
    assert {event.source for event in of_b} == {"b"}
    assert len(of_b) == 10
    assert events_page(actor, incident.pk, minimum_level=Level.FATAL).items == of_b
    assert len(events_page(actor, incident.pk, sources=["a", "b"]).items) == 31
    assert events_page(actor, incident.pk, sources=["a"], minimum_level=Level.FATAL).items == []


def test_filtered_list_is_paged_too(incident: Incident, actor: Actor) -> None:
    first = events_page(actor, incident.pk, sources=["b"], limit=6)
    second = events_page(actor, incident.pk, sources=["b"], limit=6, after=first.after)
    assert ([len(first.items), len(second.items)], second.after) == ([6, 4], None)


def test_page_costs_three_statements_however_long(incident: Incident, actor: Actor) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        events_page(actor, incident.pk, limit=30)
    assert len(queries) == 3


def test_another_workspaces_incident_does_not_exist_here(
    incident: Incident, make_actor, other_workspace
) -> None:
    with pytest.raises(NotFound):
        events_page(make_actor("admin", inside=other_workspace), incident.pk)


def test_token_without_the_scope_to_read_is_forbidden(incident: Incident, workspace) -> None:
    sender = Actor(workspace.pk, "token", "sender", scopes=frozenset({"events:write"}))
    with pytest.raises(Forbidden):
        events_page(sender, incident.pk)


def test_events_of_an_incident_are_shown_twenty_fifty_or_a_hundred_a_page(
    incident: Incident, actor: Actor
) -> None:
    browser = browser_for(actor)
    shown = {
        limit: browser.get(f"/incidents/INC-1?event_limit={limit}").content.decode().count('id="event-')
        for limit in ("", "20", "50", "100")
    }
    assert shown == {"": 20, "20": 20, "50": 31, "100": 31}
    page = browser.get("/incidents/INC-1?event_limit=20&event_source=a").content.decode()
    assert "event_source=a" in page
    assert (
        "event_limit must be one of 20, 50, 100"
        in browser.get("/incidents/INC-1?event_limit=7").content.decode()
    )
