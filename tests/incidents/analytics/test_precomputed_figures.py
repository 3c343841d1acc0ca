"""The measures that analytics reads follow every change; precomputed figures equal computed ones."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.queue.runner import run_due
from incidents.analytics import precomputed, views
from incidents.analytics.integrity import rewrite_measures, wrong_measures
from incidents.analytics.models import IncidentMeasure, PrecomputedFigures
from incidents.analytics.precomputed import figures_for, refresh_figures
from incidents.analytics.selectors import analytics_for
from incidents.archive.queues import ARCHIVE
from incidents.archive.services.planning import plan_archives, request_restore
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.correcting import correct_times
from incidents.lifecycle.services.ownership import acknowledge_incident
from incidents.lifecycle.services.resolving import reopen_incident, resolve_incident
from incidents.listing.filters import parse_filter
from incidents.models import Incident, InvitedPerson
from tests.incidents.analytics.test_analytics import NOW, history
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
PERIOD = {"since": ["30d"]}


def measure_of(incident):
    return IncidentMeasure.objects.of(incident.workspace_id).get(pk=incident.pk)


def month(actor, now=NOW):
    return figures_for(actor, parse_filter({"since": "30d"}, now=now), PERIOD, now=now)


@pytest.fixture
def many(workspace, monkeypatch):
    """A history that is long enough to have its figures made beforehand."""
    monkeypatch.setattr(precomputed, "MIN_INCIDENTS", 40)
    return history(workspace, 11)


def test_measures_follow_declaring_correcting_reopening_archiving_and_restoring(actor, storage):
    made = declare_incident(actor, title="Checkout returns 502")
    assert (measure_of(made).to_resolve, measure_of(made).status) == (None, "open")
    acknowledge_incident(actor, number=made.number)
    resolve_incident(actor, number=made.number, message="Scaled.", root_cause="Pool too small.")
    long_ago = timezone.now() - timedelta(days=100)
    times = {"started_at": long_ago, "detected_at": long_ago + timedelta(microseconds=7)}
    correct_times(actor, number=made.number, reason="Read from the logs", **times)
    assert (measure_of(made).to_detect, measure_of(made).detected_at) == (7, times["detected_at"])
    reopen_incident(actor, number=made.number, message="It came back")
    assert (measure_of(made).to_resolve, measure_of(made).resolved_at) == (None, None)
    resolve_incident(actor, number=made.number, message="Scaled again.", root_cause="Pool too small.")
    before = measure_of(made)
    made.refresh_from_db()
    plan_archives(actor.workspace_id, [made], by="test")
    run_due(ARCHIVE, 1, at=timezone.now() + timedelta(days=1))
    request_restore(actor, made.number, now=timezone.now())
    run_due(ARCHIVE, 1, at=timezone.now() + timedelta(days=1))
    after = measure_of(made)
    assert (after.to_resolve, after.to_acknowledge) == (before.to_resolve, before.to_acknowledge)
    assert wrong_measures() == []


def test_measures_equal_incidents_after_any_change_of_columns(workspace):
    made, chance = history(workspace, 4), random.Random(4)
    for one in made:
        changes = {
            "severity": chance.choice(["sev1", "sev4"]), "is_drill": chance.random() < 0.5,
            "resolved_at": chance.choice([None, NOW]), "mitigated_at": chance.choice([None, NOW]),
            "merged_into": chance.choice([None, made[0]]), "is_private": chance.random() < 0.5,
            "detected_at": NOW - timedelta(seconds=chance.randint(0, 99_999)), "event_count": 7,
        }  # fmt: skip
        picked = {name: value for name, value in changes.items() if chance.random() < 0.5}
        if picked:
            Incident.objects.of(workspace.pk).filter(pk=one.pk).update(**picked)
    assert wrong_measures(workspace.pk) == []
    assert IncidentMeasure.objects.of(workspace.pk).filter(is_merged=True).exists()


def test_command_finds_and_rewrites_measures_that_differ(workspace):
    made = history(workspace, 5, count=5)
    IncidentMeasure.objects.of(workspace.pk).filter(pk=made[0].pk).update(to_detect=1)
    IncidentMeasure.objects.of(workspace.pk).filter(pk=made[1].pk).delete()
    with pytest.raises(CommandError, match="Measures of 2 incidents differ"):
        call_command("incident_measures")
    out = StringIO()
    call_command("incident_measures", rewrite=True, stdout=out)
    call_command("incident_measures", stdout=out)
    assert out.getvalue().splitlines() == [
        "Measures rewritten: 2.", "The measures of all incidents are right.",
    ]  # fmt: skip
    assert rewrite_measures() == 0


def test_precomputed_figures_equal_those_computed_at_once(many, workspace, make_actor):
    admin = make_actor("admin")
    assert refresh_figures(NOW) == len(precomputed.PERIODS) * len(PrecomputedFigures.Audience)
    live = analytics_for(admin, parse_filter({"since": "30d"}, now=NOW), now=NOW)
    assert live.total > 20
    assert len(live.steps) > 2
    Incident.objects.of(workspace.pk).update(severity="sev1")
    assert month(admin) == live
    filtered = figures_for(admin, parse_filter({"severity": "sev2"}), {"severity": ["sev2"]}, now=NOW)
    assert filtered.total == 0


def test_precomputed_figures_exclude_private_incidents(many, workspace, make_actor):
    Incident.objects.of(workspace.pk).filter(pk__in=[one.pk for one in many[:30]]).update(is_private=True)
    admin, viewer, guest = make_actor("admin"), make_actor("viewer"), make_actor("viewer")
    InvitedPerson.objects.of(workspace.pk).create(
        workspace=workspace, incident=many[0], user_id=guest.user_id, viewer=guest.viewer
    )
    live = {one.user_id: analytics_for(one, parse_filter({}), now=NOW) for one in (admin, viewer, guest)}
    assert live[admin.user_id].total > live[guest.user_id].total >= live[viewer.user_id].total
    refresh_figures(NOW)
    for one in (admin, viewer, guest):
        assert month(one) == live[one.user_id]


def test_figures_are_remade_after_a_change_and_with_time_but_not_at_every_turn(many, workspace, make_actor):
    start = timezone.now()
    IncidentMeasure.objects.of(workspace.pk).update(changed_at=start - timedelta(hours=1))
    every = refresh_figures(start)
    assert refresh_figures(start + timedelta(minutes=1)) == 0
    Incident.objects.of(workspace.pk).filter(pk=many[0].pk).update(status="closed")
    assert refresh_figures(start + timedelta(seconds=20)) == 0
    assert refresh_figures(start + timedelta(minutes=1)) == every
    IncidentMeasure.objects.of(workspace.pk).update(changed_at=start - timedelta(hours=1))
    assert refresh_figures(start + timedelta(minutes=11, seconds=1)) == every
    assert refresh_figures(start + timedelta(minutes=12)) == 0


def test_stale_figures_and_those_of_another_time_zone_are_not_shown(many, workspace, make_actor, monkeypatch):
    admin = make_actor("admin")
    refresh_figures(NOW)
    late = NOW + timedelta(minutes=16)
    assert month(admin).made_at == NOW
    assert month(admin, late).made_at == late
    type(workspace).objects.filter(pk=workspace.pk).update(time_zone="Asia/Tokyo")
    assert month(admin).zone == "Asia/Tokyo"


def test_few_incidents_are_counted_at_once_and_the_page_shows_the_time(workspace, make_actor):
    history(workspace, 2, count=5)
    assert refresh_figures(NOW) == 0
    assert b"As of" in browser_for(make_actor("viewer")).get("/analytics").content


@pytest.mark.parametrize(
    ("words", "period"),
    [
        ({}, "30d"), ({"since": ["7d"]}, "7d"), ({"since": ["90d"], "until": []}, "90d"),
        ({"since": ["8d"]}, ""), ({"until": ["30d"]}, ""), ({"since": ["7d", "30d"]}, ""),
        ({"since": ["30d"], "severity": ["sev1"]}, ""),
    ],
)  # fmt: skip
def test_standard_periods(words, period):
    assert precomputed.standard_period(words) == period


def test_times_are_exact_to_the_microsecond(workspace):
    at = datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC)
    made = Incident.objects.create(
        workspace=workspace, number=1, title="x", severity="sev3", source="declared", started_at=at,
        detected_at=at, resolved_at=at + timedelta(days=4000, microseconds=1), status="resolved",
    )  # fmt: skip
    assert measure_of(made).to_resolve == 4000 * 86_400_000_000 + 1


def test_page_is_drawn_once_for_each_making_and_filter(many, actor, make_actor, monkeypatch):
    drawn, draw = [], views._body
    monkeypatch.setattr(
        views, "_body", lambda found, request: drawn.append(found.made_at) or draw(found, request)
    )
    refresh_figures(timezone.now())
    browser = browser_for(make_actor("responder"))
    pages = [browser.get(address).content for address in ("/analytics?since=365d", "/analytics?since=365d")]
    assert b'class="stats"' in pages[0]
    assert len(drawn) == 1, "the second page shows what the first drew"
    browser.get("/analytics?since=90d")
    browser.get("/analytics?since=365d&severity=sev1")  # not precomputed
    browser.get("/analytics?since=365d&severity=sev1")
    assert len(drawn) == 4
    refresh_figures(timezone.now() + timedelta(minutes=11))
    browser.get("/analytics?since=365d")
    assert len(drawn) == 5
