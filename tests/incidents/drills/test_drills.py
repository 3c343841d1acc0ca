"""Drills: planned, joined, started, scored; marked everywhere and in no statistic."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from core.errors import Conflict, Forbidden, NotFound
from incidents.analytics.selectors import analytics_for
from incidents.correlation.services.opening import declare_incident, report_signals
from incidents.drills.score import DrillTimes, Verdict, points, score_card
from incidents.drills.selectors import drill_for, people_in_drill, score_of
from incidents.drills.services import (
    DrillValues,
    cancel_drill,
    join_drill,
    leave_drill,
    plan_drill,
    start_drill,
)
from incidents.lifecycle.services.ownership import acknowledge_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.listing.filters import IncidentFilter
from incidents.models import Incident, IncidentCounter, TimelineEntry
from incidents.sla.deadlines import Clocks
from incidents.timeline.services.notes import add_update
from tests.incidents.make import NOW, signal

BEGAN = NOW


def at(minutes):
    return BEGAN + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("course", "now", "verdicts"),
    [
        (DrillTimes(BEGAN), 1, "open open open"),
        (DrillTimes(BEGAN), 31, "late late open"),
        (DrillTimes(BEGAN, at(14), at(29), at(200), True), 300, "met met met"),
        (DrillTimes(BEGAN, at(16), at(31), at(241), True), 300, "late late late"),
        (DrillTimes(BEGAN, at(1), None, at(30), True), 31, "met missed met"),
    ],
    ids=["begun", "nothing done", "in time", "late", "no update"],
)
def test_score_compares_each_measure_with_its_target(course, now, verdicts):
    card = score_card(course, Clocks(15, update_every=30, resolve_within=240), at(now))
    assert " ".join(one.verdict for one in card) == verdicts
    assert points(card) == (verdicts.split().count("met"), 3)


def test_measure_without_a_target_is_met_once_it_is_done():
    card = score_card(DrillTimes(BEGAN, at(1), None, at(900), True), Clocks(480), at(999))
    assert [one.verdict for one in card] == [Verdict.MET, Verdict.MISSED, Verdict.MET]


@pytest.fixture
def drill(actor):
    return plan_drill(actor, DrillValues("Checkout is down", component="checkout", brief="Nothing answers."))


@pytest.mark.django_db
def test_drill_opens_a_marked_incident_once_someone_joined(actor, drill):
    with pytest.raises(Conflict, match="No one joined"):
        start_drill(actor, drill.pk)
    join_drill(actor, drill.pk)
    join_drill(actor, drill.pk)
    started = start_drill(actor, drill.pk)
    assert start_drill(actor, drill.pk).incident_id == started.incident_id
    assert (started.incident.is_drill, started.incident.severity) == (True, "sev1")
    assert people_in_drill(actor.workspace_id, started.incident_id) == {actor.user_id}
    with pytest.raises(Conflict, match="running"):
        cancel_drill(actor, drill.pk)
    leave_drill(actor, drill.pk)
    assert people_in_drill(actor.workspace_id, started.incident_id) == set()


@pytest.mark.django_db
def test_score_of_a_drill_comes_from_its_incident_and_no_statistic_counts_it(actor, drill):
    join_drill(actor, drill.pk)
    incident = start_drill(actor, drill.pk).incident
    acknowledge_incident(actor, number=incident.number)
    add_update(actor, number=incident.number, message="We look into it.")
    resolve_incident(actor, number=incident.number, message="Over.")
    over = drill_for(actor, drill.pk)
    assert over.state == "over"
    assert [one.verdict for one in score_of(over.incident)] == ["met", "met", "met"]
    found = analytics_for(actor, IncidentFilter())
    assert (found.drills, found.total, [one.count for one in found.figures if one.count]) == (1, 0, [])


@pytest.mark.django_db
def test_cancelled_drill_accepts_no_one_and_never_starts(actor, drill):
    cancel_drill(actor, drill.pk)
    cancel_drill(actor, drill.pk)
    for act in (join_drill, start_drill):
        with pytest.raises(Conflict, match="cancelled"):
            act(actor, drill.pk)


@pytest.mark.django_db
def test_viewers_read_drills_and_other_workspaces_do_not(actor, drill, make_actor, other_workspace):
    viewer = make_actor("viewer")
    assert drill_for(viewer, drill.pk).title == "Checkout is down"
    for act in (join_drill, start_drill, cancel_drill):
        with pytest.raises(Forbidden):
            act(viewer, drill.pk)
    with pytest.raises(NotFound):
        join_drill(make_actor("admin", inside=other_workspace), drill.pk)


@pytest.mark.django_db
def test_workspace_for_drills_opens_nothing_else(actor, workspace):
    IncidentCounter.objects.create(workspace=workspace, opens_drills=True)
    assert declare_incident(actor, title="Practice").is_drill
    with transaction.atomic():
        report_signals(workspace.pk, [signal()], now=NOW)
    assert set(Incident.objects.of(workspace.pk).values_list("is_drill", flat=True)) == {True}


@pytest.mark.django_db
def test_drill_is_planned_joined_started_and_shown_on_the_pages(actor):
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    assert client.post("/drills", {"title": "", "incident_type": "deadlock"}).status_code == 422
    made = client.post("/drills", {"title": '"Dead" <lock>', "incident_type": "deadlock", "severity": "sev2"})
    assert made.status_code == 303
    page = made.headers["Location"]
    assert client.post(f"{page}/start").status_code == 303
    assert "No one joined this drill yet" in client.get(page).content.decode()
    client.post(f"{page}/join")
    client.post(f"{page}/start")
    shown = client.get(page).content.decode()
    assert "Time to acknowledge" in shown
    assert "0 of 3 met" in shown
    incident = client.get("/incidents/INC-1").content.decode()
    assert "Drill</span>" in incident
    assert f'href="{page}"' in incident
    assert '<h1 dir="auto">&quot;Dead&quot; &lt;lock&gt;</h1>' in shown
    assert "&quot;Dead&quot; &lt;lock&gt;" in client.get("/drills").content.decode()
    assert client.post(f"{page}/dance").status_code == 404
    assert TimelineEntry.objects.of(actor.workspace_id).filter(kind="detected").count() == 1
