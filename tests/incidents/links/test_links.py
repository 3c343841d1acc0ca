"""Automatic links, each with its reasons: they merge nothing, and a person may remove them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.actor import system_actor
from incidents.analysis.draft import AnalysisDraft
from incidents.analysis.models import IncidentEssence
from incidents.analysis.services import record_analysis
from incidents.analysis.similar import similar_incidents
from incidents.correlation.services.opening import report_signals
from incidents.export.formats import Format, export_one
from incidents.lifecycle.services.resolving import close_incident, resolve_incident
from incidents.links.recording import record_links
from incidents.links.selectors import related_incidents
from incidents.links.services import relate_incidents, unrelate_incidents
from incidents.merging.proposals import proposals_for
from incidents.merging.services import merge_incidents, undo_merge
from incidents.models import Component, Incident, IncidentLink
from incidents.selectors import timeline_of
from incidents.sla.models import SlaClock
from incidents.sla.report import ReportQuery, sla_report
from incidents.timeline.selectors import activity_page
from incidents.timeline.services.notes import add_update
from incidents.vocabulary import UNRESOLVED, Category, Severity
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


def test_same_component_links_with_the_reason(actor, report, detected):
    first = detected("api")
    second = detected("other alert", components=("api",))
    assert first.pk != second.pk
    record_links(actor.workspace_id, second.pk)
    [(low, high, kind, kinds)] = links(first)
    assert (low, high, kind, "component" in kinds) == (first.pk, second.pk, "component", True)
    [(_, words)] = linked(actor, first)
    assert any("api" in text for text in words)


def test_same_change_before_links_with_the_reason(actor, detected):
    first, second = detected("api"), detected("db")
    change = {"id": 7, "kind": "deployment", "summary": "Deploy 2.4", "component": "api"}
    for one in (first, second):
        draft = AnalysisDraft(Category.UNKNOWN, Severity.SEV2, "", "", cause={"changes": [change]})
        record_analysis(actor.workspace_id, one.pk, draft)
    record_links(actor.workspace_id, second.pk)
    assert links(first) == [(first.pk, second.pk, "change", ["change", "time"])]
    [(_, words)] = linked(actor, first)
    assert any("Deploy 2.4" in text for text in words)


def test_incidents_of_two_workspaces_are_never_linked_or_proposed(
    actor, detected, other_workspace, make_actor
):
    first = detected("api")
    [outcome] = report_signals(other_workspace.pk, [signal("api")], now=NOW)
    other = Incident.objects.of(other_workspace.pk).get(pk=outcome.incident_id)
    for one in (first, other):
        essence(one, [1, 2, 3], [4, 5, 6])
    for one in (first, other):
        assert record_links(one.workspace_id, one.pk) == 0
        assert record_links(actor.workspace_id if one is other else other_workspace.pk, one.pk) == 0
    assert (links(first), links(other)) == ([], [])
    outsider = system_actor(other_workspace.pk)
    assert (proposals_for(actor, first), proposals_for(outsider, other)) == ([], [])


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


def test_merged_incident_is_neither_linked_nor_similar_to_its_survivor(actor, detected):
    first, second = detected("api"), detected("db")
    essence(first, [1, 2])
    essence(second, [1, 2])
    record_links(actor.workspace_id, first.pk)
    merge_incidents(actor, number=second.number, into=first.number)
    assert linked(actor, first) == []
    assert similar_incidents(actor, first) == []
    undo_merge(actor, number=second.number)
    assert [pk for pk, _ in linked(actor, first)] == [second.pk]
    assert [one.incident.pk for one in similar_incidents(actor, first)] == [second.pk]


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
    query = ReportQuery(NOW - span, NOW + span, "month", frozenset())

    def clocks():
        return {one.kind: one.met + one.breached + one.running for one in sla_report(actor, query, NOW)}

    before = clocks()
    merge_incidents(actor, number=second.number, into=first.number)
    assert (before["acknowledge"], clocks()["acknowledge"]) == (2, 1)
    assert SlaClock.objects.of(actor.workspace_id).filter(incident=second).exists()


def test_timeline_of_a_family_is_read_as_one(actor, detected, timeline):
    first, second = detected("api"), detected("db")
    own = {entry.pk for one in (first, second) for entry in timeline(one)}
    merge_incidents(actor, number=second.number, into=first.number)
    page = timeline_of(actor, first.pk)
    assert own < {entry.pk for entry in page.items}
    times = [(entry.occurred_at, entry.pk) for entry in page.items]
    assert times == sorted(times, reverse=True)
    half = timeline_of(actor, first.pk, limit=3)
    rest = timeline_of(actor, first.pk, limit=3, cursor=half.next_cursor)
    assert [entry.pk for entry in (*half.items, *rest.items)] == [entry.pk for entry in page.items[:6]]
    undo_merge(actor, number=second.number)
    assert {entry.incident_id for entry in timeline_of(actor, first.pk).items} == {first.pk}


@pytest.mark.parametrize("kind", Format)
def test_export_of_a_family_holds_the_timeline_of_all(actor, detected, kind):
    first, second = detected("api"), detected("db")
    add_update(actor, incident_id=second.pk, message="Replica promoted by hand", is_public=False)
    merge_incidents(actor, number=second.number, into=first.number)
    whole = b"".join(export_one(actor, first.number, kind).pieces).decode()
    assert "Replica promoted by hand" in whole
    assert "Replica promoted by hand" in "".join(
        act.entry.message for act in activity_page(actor, first, limit=200).items if act.entry
    )
    undo_merge(actor, number=second.number)
    assert "Replica promoted" not in b"".join(export_one(actor, first.number, kind).pieces).decode()


def test_page_of_a_survivor_marks_entries_of_merged_incidents(actor, detected):
    first, second = detected("api"), detected("db")
    merge_incidents(actor, number=second.number, into=first.number)
    page = browser_for(actor).get(f"/incidents/{first.reference}?kind=all").content.decode()
    assert "of a merged incident" in page
