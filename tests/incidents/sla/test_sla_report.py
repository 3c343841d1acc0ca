"""The SLA report against incidents whose outcomes are known, on the page, as CSV and over the API."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from core.errors import Invalid
from core.queue.runner import run_due
from core.queues import CLOCKS
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.correcting import correct_times
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.selectors import incident_for
from incidents.sla.report import incidents_behind, parse_report, sla_report
from incidents.sla.services.clocks import seed_policies
from tests.api.test_route_matrix import body_of

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
NOW = MONDAY + timedelta(days=2)


def at(minutes):
    return time_machine.travel(MONDAY + timedelta(minutes=minutes), tick=False)


@pytest.fixture
def outcomes(workspace, actor):
    """INC-1 acknowledged in time, INC-2 too late, INC-3 never; a drill; sev1 all: 15 minutes."""
    seed_policies(workspace.pk)
    with at(0):
        for title in ("In time", "Too late", "Never"):
            declare_incident(actor, title=title, severity="sev1")
        declare_incident(actor, title="Drill", severity="sev1", is_drill=True)
    with at(10):
        acknowledge_incident(actor, number=1)
        resolve_incident(actor, number=1, message="Done")
    run_due(CLOCKS, at=MONDAY + timedelta(minutes=16))
    with at(20):
        acknowledge_incident(actor, number=2)


def figures(actor, **given):
    query = {"since": "2026-11-20", "until": NOW.isoformat(), **given}
    rows = sla_report(actor, parse_report(query, NOW), MONDAY + timedelta(minutes=30))
    return {(str(r.period), r.severity, r.kind): (r.met, r.breached, r.running) for r in rows}


def test_report_counts_met_breached_and_running(actor, outcomes):
    found = figures(actor)
    assert found["2026-11-23", "sev1", "acknowledge"] == (1, 2, 0)
    assert found["2026-11-23", "sev1", "resolve"] == (1, 0, 2)


def test_corrected_detection_moves_deadlines_that_were_met(actor, outcomes):
    def state():
        found, one = figures(actor), incident_for(actor, 1)
        kinds = [found["2026-11-23", "sev1", kind] for kind in ("acknowledge", "resolve")]
        return *kinds, one.is_sla_breached

    assert state() == ((1, 2, 0), (1, 0, 2), False)
    detected = MONDAY - timedelta(minutes=6)
    correct_times(actor, number=1, reason="Seen by the customer.", started_at=detected, detected_at=detected)
    assert state() == ((0, 3, 0), (1, 0, 2), True)
    detected = MONDAY - timedelta(hours=4)
    correct_times(actor, number=1, reason="Seen by the customer.", started_at=detected, detected_at=detected)
    assert state() == ((0, 3, 0), (0, 1, 2), True)
    correct_times(actor, number=1, reason="It was as recorded.", detected_at=MONDAY)
    assert state() == ((1, 2, 0), (1, 0, 2), False)


@pytest.mark.parametrize(("period", "first"), [("day", "2026-11-23"), ("month", "2026-11-01")])
def test_periods_begin_on_their_first_day(actor, outcomes, period, first):
    assert (first, "sev1", "acknowledge") in figures(actor, period=period)


def test_period_follows_the_time_zone_of_the_workspace(actor, workspace, outcomes):
    workspace.time_zone = "Pacific/Kiritimati"  # 14 hours ahead: 23:00 on Monday
    workspace.save()
    assert ("2026-11-23", "sev1", "acknowledge") in figures(actor, period="day")
    workspace.time_zone = "Pacific/Pago_Pago"
    workspace.save()
    assert ("2026-11-22", "sev1", "acknowledge") in figures(actor, period="day")


def test_each_number_leads_to_its_incidents(actor, outcomes):
    query, now = parse_report({"since": "2026-11-20", "until": NOW.isoformat()}, NOW), NOW
    given = {"kind": "acknowledge", "start": MONDAY.date()}
    late = incidents_behind(actor, query, now, outcome="breached", **given)
    assert {one.number for one in late} == {2, 3}
    assert [one.number for one in incidents_behind(actor, query, now, outcome="met", **given)] == [1]


def test_late_act_is_a_breach_also_when_nothing_recorded_it(actor, workspace):
    seed_policies(workspace.pk)
    with at(0):
        declare_incident(actor, title="While Tocsin was down", severity="sev1")
    with at(20):
        acknowledge_incident(actor, number=1)
    assert figures(actor)["2026-11-23", "sev1", "acknowledge"] == (0, 1, 0)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"period": "year"}, "period"),
        ({"since": "2026-11-20", "until": "2026-11-19"}, "since"),
        ({"since": "2020-01-01", "period": "day"}, "since"),
        ({"since": "soon"}, "since"),
    ],
)
def test_bad_query_is_refused_by_field(given, field):
    with pytest.raises(Invalid) as refusal:
        parse_report(given, NOW)
    assert refusal.value.faults[0].field == field


def test_page_csv_and_api_are_equal(actor, outcomes):
    client = Client()
    user = User.objects.get(pk=actor.user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    query = f"since=2026-11-20T00:00:00Z&until={NOW:%Y-%m-%d}&period=week"
    page = client.get(f"/reports/sla?{query}&kind=acknowledge&outcome=breached&severity=sev1")
    text = page.content.decode()
    assert "33.3 %" in text
    assert "Too late" in text
    assert "In time" not in text
    rows = list(csv.DictReader(io.StringIO(body_of(client.get(f"/reports/sla.csv?{query}")).decode())))
    [row] = [one for one in rows if one["kind"] == "acknowledge"]
    assert (row["met"], row["breached"], row["share_met"]) == ("1", "2", "33.3")
    sent = client.get(f"/api/v1/sla/report?{query}").json()["rows"]
    [figure] = [one for one in sent if one["kind"] == "acknowledge"]
    assert (figure["met"], figure["breached"], figure["share_met"]) == (1, 2, 33.3)
