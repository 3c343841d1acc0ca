"""Manual links between incidents, and related incidents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import Forbidden, Invalid, NotFound
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.links.selectors import related_incidents
from incidents.links.services import relate_incidents, unrelate_incidents
from incidents.models import Incident
from tests.incidents.make import NOW, signal


@pytest.fixture
def two(declared):
    return declared("First"), declared("Second")


def linked(actor, incident):
    return [one.number for one in related_incidents(actor, incident).linked]


def test_link_is_symmetric_and_published_for_both_incidents(actor, two, timeline, audited, published_topics):
    first, second = two
    for _ in range(2):
        relate_incidents(actor, number=1, other="INC-2")
    assert (linked(actor, first), linked(actor, second)) == ([2], [1])
    assert timeline(first)[-1].message == "Linked to INC-2: Second"
    assert timeline(second)[-1].message == "Linked to INC-1: First"
    assert audited().count("incident.relate") == 1
    assert published_topics()[-2:] == ["incident.changed"] * 2


def test_link_is_taken_away_from_either_side(actor, two, audited):
    relate_incidents(actor, number=1, other=2)
    unrelate_incidents(actor, number=2, other=1)
    assert (linked(actor, two[0]), linked(actor, two[1])) == ([], [])
    assert audited()[-1] == "incident.unrelate"
    with pytest.raises(NotFound):
        unrelate_incidents(actor, number=1, other=2)


def test_links_change_no_version(actor, two):
    assert relate_incidents(actor, number=1, other=2).version == 1


def test_no_incident_is_linked_to_itself(actor, two):
    with pytest.raises(Invalid):
        relate_incidents(actor, number=1, other="inc-1")


def test_missing_incident_cannot_be_linked(actor, two):
    with pytest.raises(NotFound):
        relate_incidents(actor, number=1, other=3)


def test_another_workspaces_incident_cannot_be_linked(actor, make_actor, other_workspace, two):
    from incidents.correlation.services.opening import declare_incident

    rival = make_actor("admin", inside=other_workspace)
    for _ in range(3):
        declare_incident(rival, title="Theirs")
    with pytest.raises(NotFound):
        relate_incidents(actor, number=1, other=3)


def test_viewer_links_nothing(make_actor, two):
    with pytest.raises(Forbidden):
        relate_incidents(make_actor("viewer"), number=1, other=2)


def test_earlier_incidents_of_the_same_fingerprint_are_counted_and_shown(actor, report):
    for day in range(7):
        [outcome] = report(signal(), now=NOW + timedelta(days=day))
        if day < 6:
            resolve_incident(actor, number=outcome.number)
    latest = Incident.objects.of(actor.workspace_id).get(number=7)
    found = related_incidents(actor, latest)
    assert found.recurrence == 6
    assert [one.number for one in found.earlier] == [6, 5, 4, 3, 2]


def test_neighbours_touched_the_same_component_within_a_day(actor, report):
    for name, hours in [("far", -30), ("near", -2), ("other", -1), ("this", 0), ("after", 3), ("late", 25)]:
        touched = ("db",) if name != "other" else ("cdn",)
        report(signal(name, components=touched), now=NOW + timedelta(hours=hours))
    this = Incident.objects.of(actor.workspace_id).get(title="Errors in this")
    found = related_incidents(actor, this)
    assert [one.title for one in found.neighbours] == ["Errors in near", "Errors in after"]
    assert {one.title for one in found.same_type} == {"Errors in other", "Errors in far"}


def test_each_incident_is_in_one_list_only(actor, report):
    report(signal("a", components=("db",)))
    report(signal("b", components=("db",)))
    relate_incidents(actor, number=1, other=2)
    found = related_incidents(actor, Incident.objects.of(actor.workspace_id).get(number=2))
    assert [one.number for one in found.all()] == [1]


def test_incident_without_a_type_has_none_of_its_type(actor, two):
    assert related_incidents(actor, two[1]).all() == []


def test_related_incidents_cost_five_statements_however_many_there_are(actor, report):
    for number in range(12):
        report(signal(f"s{number}", components=("db", f"c{number}")))
    this = Incident.objects.of(actor.workspace_id).get(number=12)
    with CaptureQueriesContext(connection) as queries:
        related_incidents(actor, this)
    assert len(queries) == 5
