"""Links that Tocsin makes, each with its reasons: they merge nothing, and a person may take them away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.analysis.models import IncidentEssence
from incidents.lifecycle.services.resolving import close_incident, resolve_incident
from incidents.links.recording import record_links
from incidents.links.selectors import related_incidents
from incidents.links.services import relate_incidents, unrelate_incidents
from incidents.merging.services import merge_incidents, undo_merge
from incidents.models import Component, Incident, IncidentLink
from incidents.selectors import story_of
from incidents.sla.models import SlaClock
from incidents.sla.report import ReportQuery, sla_report
from incidents.vocabulary import UNRESOLVED
from tests.incidents.make import NOW, signal
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db


def essence(incident, shapes=(), correlations=()):
    IncidentEssence.objects.create(
        workspace_id=incident.workspace_id,
        incident=incident,
        shapes=list(shapes),
        correlations=list(correlations),
    )


def links(incident):
    rows = IncidentLink.objects.of(incident.workspace_id).order_by("pk")
    return [(row.low_id, row.high_id, row.kind, [one["kind"] for one in row.reasons]) for row in rows]


def linked(actor, incident):
    return [(one.pk, reasons) for one, reasons in related_incidents(actor, incident).why()]


def test_shared_correlation_ids_link_two_incidents_with_the_reason(actor, detected):
    first, second = detected("api"), detected("db")
    essence(first, correlations=[1, 2, 3])
    essence(second, correlations=[2, 3, 9])
    assert record_links(actor.workspace_id, second.pk) == 1
    assert links(first) == [(first.pk, second.pk, "correlation_id", ["correlation_id", "time"])]
    words = ["2 correlation ids in common", "They began at the same time"]
    assert linked(actor, first) == [(second.pk, words)]
    assert linked(actor, second) == [(first.pk, words)]


def test_dependent_components_and_shapes_link(actor, detected):
    api, db, web = detected("api"), detected("db"), detected("web")
    rows = Component.objects.of(actor.workspace_id)
    rows.get(name="api").depends_on.add(rows.get(name="db"))
    essence(web, [1, 2])
    essence(db, [2, 3])
    record_links(actor.workspace_id, db.pk)
    assert {(low, high): kind for low, high, kind, _ in links(db)} == {
        (api.pk, db.pk): "dependency",
        (db.pk, web.pk): "shapes",
    }


def test_time_alone_links_nothing(actor, detected):
    first, _ = detected("api"), detected("db")
    assert record_links(actor.workspace_id, first.pk) == 0
    assert links(first) == []


def test_links_are_idempotent_and_gain_reasons(actor, detected):
    first, second = detected("api"), detected("db")
    essence(first, [1])
    essence(second, [1])
    assert [record_links(actor.workspace_id, pk) for pk in (first.pk, second.pk, first.pk)] == [1, 0, 0]
    IncidentEssence.objects.of(actor.workspace_id).update(correlations=[7, 8])
    assert record_links(actor.workspace_id, first.pk) == 1
    assert links(first) == [(first.pk, second.pk, "correlation_id", ["correlation_id", "shapes", "time"])]


def test_recurrence_is_linked_to_the_latest_earlier_incident(actor, report):
    ids = []
    for day in range(3):
        [outcome] = report(signal(), now=NOW + timedelta(days=day))
        ids.append(outcome.incident_id)
        if day < 2:
            resolve_incident(actor, incident_id=outcome.incident_id)
    record_links(actor.workspace_id, ids[-1])
    rows = IncidentLink.objects.of(actor.workspace_id)
    assert [(row.low_id, row.high_id, row.kind) for row in rows] == [(ids[1], ids[2], "recurrence")]
    assert "The same alert opened it" in rows.get().reasons[0]["text"]


def test_link_taken_away_is_not_made_again(actor, detected):
    first, second = detected("api"), detected("db")
    essence(first, [1])
    essence(second, [1])
    record_links(actor.workspace_id, first.pk)
    unrelate_incidents(actor, number=second.number, other=first.number)
    assert linked(actor, first) == []
    assert record_links(actor.workspace_id, first.pk) == 0
    assert linked(actor, first) == []
    relate_incidents(actor, number=first.number, other=second.number)
    assert linked(actor, first) == [(second.pk, [])]


def test_drills_and_private_incidents_are_linked_with_no_others(actor, detected, declared):
    real, drill, private = detected("api"), declared("Drill", is_drill=True), declared("P", is_private=True)
    Incident.objects.of(actor.workspace_id).update(started_at=NOW, detected_at=NOW)
    for one in (real, drill, private):
        essence(one, [1, 2], [3, 4])
    assert [record_links(actor.workspace_id, one.pk) for one in (real, drill, private)] == [0, 0, 0]


def test_closing_one_of_two_linked_incidents_never_touches_the_other(actor, detected):
    first, second = detected("api"), detected("db")
    essence(first, [1])
    essence(second, [1])
    record_links(actor.workspace_id, first.pk)
    before = Incident.objects.of(actor.workspace_id).filter(pk=second.pk).values().get()
    resolve_incident(actor, incident_id=first.pk)
    close_incident(actor, incident_id=first.pk)
    assert Incident.objects.of(actor.workspace_id).filter(pk=second.pk).values().get() == before
    assert before["status"] in UNRESOLVED


def test_sla_report_leaves_absorbed_incidents_out(actor, detected):
    first, second = detected("api"), detected("db")
    span = timedelta(days=3650)
    asked = ReportQuery(NOW - span, NOW + span, "month", frozenset())

    def clocks():
        return {one.kind: one.met + one.breached + one.running for one in sla_report(actor, asked, NOW)}

    before = clocks()
    merge_incidents(actor, number=second.number, into=first.number)
    assert (before["acknowledge"], clocks()["acknowledge"]) == (2, 1)
    assert SlaClock.objects.of(actor.workspace_id).filter(incident=second).exists()


def test_timeline_of_a_family_is_read_as_one(actor, detected, story):
    first, second = detected("api"), detected("db")
    own = {entry.pk for one in (first, second) for entry in story(one)}
    merge_incidents(actor, number=second.number, into=first.number)
    page = story_of(actor, first.pk)
    assert own < {entry.pk for entry in page.items}
    times = [(entry.occurred_at, entry.pk) for entry in page.items]
    assert times == sorted(times, reverse=True)
    half = story_of(actor, first.pk, limit=3)
    rest = story_of(actor, first.pk, limit=3, cursor=half.next_cursor)
    assert [entry.pk for entry in (*half.items, *rest.items)] == [entry.pk for entry in page.items[:6]]
    undo_merge(actor, number=second.number)
    assert {entry.incident_id for entry in story_of(actor, first.pk).items} == {first.pk}


def test_page_of_a_survivor_marks_entries_of_merged_incidents(actor, detected):
    first, second = detected("api"), detected("db")
    merge_incidents(actor, number=second.number, into=first.number)
    page = browser_for(actor).get(f"/incidents/{first.reference}?kind=all").content.decode()
    assert "of a merged incident" in page
