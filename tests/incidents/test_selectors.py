"""Selectors of incidents: contents, order, and a constant number of queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from core.errors import Forbidden, Invalid, NotFound
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import change_stage, change_status, set_component_impact
from incidents.listing.filters import parse_filter
from incidents.roles.services import assign_role
from incidents.selectors import (
    affected_components,
    component_names,
    incident_for,
    incidents_page,
    open_incidents_for,
    timeline_page,
)
from incidents.timeline.services.notes import add_note
from tests.incidents.make import NOW


def numbers(actor, **given):
    return [row.number for row in incidents_page(actor, parse_filter(given)).items]


@pytest.fixture
def many(declared):
    """Twelve incidents a minute apart, the newest last; three of them at the same moment."""
    with time_machine.travel(NOW, tick=False) as clock:
        for n in range(12):
            declared(f"Trouble {n + 1}", severity=f"sev{n % 4 + 1}", components=[f"c{n % 3}", "shared"])
            if n not in (4, 5):
                clock.shift(timedelta(minutes=1))


def test_newest_come_first(many, actor):
    assert numbers(actor) == list(range(12, 0, -1))


def test_pages_follow_each_other_without_a_gap_or_a_double(many, actor):
    seen, cursor = [], None
    while True:
        page = incidents_page(actor, cursor=cursor, limit=5)
        seen += [row.number for row in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == list(range(12, 0, -1))


def test_pages_stay_steady_while_new_incidents_arrive(many, actor, declared):
    first = incidents_page(actor, limit=5)
    declared("Newcomer")
    second = incidents_page(actor, limit=5, cursor=first.next_cursor)
    assert [row.number for row in second.items] == [7, 6, 5, 4, 3]


def test_page_has_at_least_one_and_at_most_two_hundred_rows(many, actor):
    assert len(incidents_page(actor, limit=0).items) == 1
    assert len(incidents_page(actor, limit=10**9).items) == 12


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"severity": "critical"}, [9, 5, 1]),
        ({"severity": "sev1,sev2"}, [10, 9, 6, 5, 2, 1]),
        ({"component": "c1"}, [11, 8, 5, 2]),
        ({"component": "c1", "severity": "sev1"}, [5]),
        ({"search": "trouble 1"}, [12, 11, 10, 1]),
        ({"q": "INC-7"}, [7]),
        ({"q": "c2"}, [12, 9, 6, 3]),
        ({"type": "error_burst"}, []),
        ({"since": (NOW + timedelta(minutes=8)).isoformat()}, [12, 11]),
        ({"until": (NOW + timedelta(minutes=2)).isoformat()}, [2, 1]),
        ({"assigned_to": "nobody.here"}, []),
    ],
)
def test_filters_narrow(many, actor, given, expected):
    assert numbers(actor, **given) == expected


def test_percent_signs_in_a_search_are_only_percent_signs(many, declared, actor):
    declared("100% of carts lost")
    assert numbers(actor, q="100%") == [13]
    assert numbers(actor, q="%") == [13]


def test_status_and_stage_filters(many, actor):
    change_status(actor, number=1, status="identified")
    resolve_incident(actor, number=2)
    change_stage(actor, number=3, stage="containing")
    assert numbers(actor, status="resolved") == [2]
    assert numbers(actor, status="identified,resolved") == [2, 1]
    assert numbers(actor, status="containing") == [3]
    assert numbers(actor, status="containing,resolved") == [3, 2]
    assert numbers(actor, stage="containment", status="resolved") == []
    assert 2 not in numbers(actor, status="active")


def test_labels_project_and_commander_filters(actor, declared):
    declared(labels={"project": "web", "team": "a"})
    declared(labels={"project": "app"})
    assign_role(actor, number=2, user_id=actor.user_id)
    assert numbers(actor, project="web") == numbers(actor, label="team=a") == [1]
    assert numbers(actor, assigned_to="Rita.Responder") == [2]
    assert numbers(actor, assigned_to="none") == [1]


def test_another_workspaces_incidents_are_never_seen(many, other_workspace, make_actor, actor):
    outsider = make_actor("admin", inside=other_workspace)
    assert incidents_page(outsider).items == open_incidents_for(outsider) == component_names(outsider) == []
    assert affected_components(outsider, incident_for(actor, 1)) == []
    for read in (incident_for, timeline_page):
        with pytest.raises(NotFound):
            read(outsider, 1)


def test_reading_needs_the_right_to_read(workspace):
    blind = Actor(workspace.pk, "token", "events only", scopes=frozenset({"events:write"}))
    for read in (incidents_page, open_incidents_for, component_names):
        with pytest.raises(Forbidden, match="incidents:read"):
            read(blind)
    for read in (incident_for, timeline_page):
        with pytest.raises(Forbidden):
            read(blind, 1)


def test_own_incidents_come_first_then_the_worst_then_the_newest(many, actor):
    resolve_incident(actor, number=1)
    assign_role(actor, number=4, user_id=actor.user_id)
    rows = open_incidents_for(actor)
    assert [row.number for row in rows] == [4, 9, 5, 10, 6, 2, 11, 7, 3, 12, 8]


def test_incident_comes_with_its_components_and_commander(actor, declared):
    declared(components=["b", "a"])
    assign_role(actor, number=1, user_id=actor.user_id)
    incident = incident_for(actor, "inc_00001")
    assert incident.component_names == ["a", "b"]
    assert (incident.commander_username, incident.commander_label) == ("rita.responder", "Rita Responder")


def test_commander_without_a_display_name_is_shown_by_user_name(actor, declared, make_user):
    from accounts.models import Membership

    plain = make_user("plain", display_name="")
    Membership.objects.create(workspace_id=actor.workspace_id, user=plain, role="responder")
    declared()
    assert assign_role(actor, number=1, username="plain").commander_label == "plain"


def test_impacts_are_listed_by_component(actor, declared):
    declared(components=["b"])
    set_component_impact(actor, number=1, component="a", impact="total_outage")
    listed = affected_components(actor, incident_for(actor, 1))
    assert [(row.component.name, row.impact) for row in listed] == [("a", "total_outage"), ("b", "degraded")]


def test_timeline_comes_in_pages_newest_first(actor, declared):
    with time_machine.travel(NOW, tick=False) as clock:
        declared()
        for n in range(7):
            clock.shift(timedelta(seconds=n % 2))
            add_note(actor, number=1, message=f"note {n}")
    first = timeline_page(actor, 1, limit=5)
    second = timeline_page(actor, 1, limit=5, cursor=first.next_cursor)
    messages = [entry.message for entry in (*first.items, *second.items)]
    assert messages[:7] == [f"note {n}" for n in range(6, -1, -1)]
    assert (len(messages), second.next_cursor) == (8, None)


def test_timeline_can_be_narrowed_to_kinds(actor, declared):
    declared()
    add_note(actor, number=1, message="x")
    assert [entry.kind for entry in timeline_page(actor, 1, kinds=["note"]).items] == ["note"]


@pytest.mark.parametrize(
    "read", [lambda a, c: incidents_page(a, cursor=c), lambda a, c: timeline_page(a, 1, cursor=c)]
)
def test_made_up_cursor_is_refused(actor, declared, read):
    declared()
    with pytest.raises(Invalid):
        read(actor, "nonsense")


def _queries(read):
    with CaptureQueriesContext(connection) as queries:
        rows = read()
        for row in rows:
            assert row.component_names is not None
            assert row.commander_label is None or row.commander_username
    return len(queries)


def test_lists_take_a_query_or_two_whatever_their_length(many, actor):
    assert _queries(lambda: incidents_page(actor, limit=2).items) == 2  # which, and what of them
    assert _queries(lambda: incidents_page(actor, limit=12).items) == 2
    assert _queries(lambda: open_incidents_for(actor)) == 1


def test_one_incident_takes_one_query(many, actor):
    assert _queries(lambda: [incident_for(actor, 3)]) == 1


def test_timeline_page_takes_three_queries_authors_included(actor, declared):
    declared()
    for n in range(5):
        add_note(actor, number=1, message=f"note {n}")
    with CaptureQueriesContext(connection) as queries:
        authors = {entry.author and entry.author.label for entry in timeline_page(actor, 1).items}
    assert (len(queries), authors) == (3, {"Rita Responder"})
