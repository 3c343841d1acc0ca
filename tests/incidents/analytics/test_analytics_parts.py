"""Parts of analytics: SLA shares, detector noise, load per person, significance of differences."""

from __future__ import annotations

import random
import statistics
from datetime import UTC, datetime, timedelta

import pytest

from incidents.analytics.figures import Figure, trend
from incidents.analytics.load import covered, is_night
from incidents.analytics.selectors import analytics_for
from incidents.listing.filters import IncidentFilter
from incidents.models import Incident, IncidentSignal, IncidentVerdict, RoleAssignment, SlaClock
from tests.api.bodies import body_of
from tests.web.signed_in import browser_for

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
SINCE = NOW - timedelta(days=30)


def incident(workspace, number, at, **more):
    return Incident.objects.create(
        workspace=workspace, number=number, title="x", source="detected",
        **({"severity": "sev3", "status": "resolved", "started_at": at, "detected_at": at,
            "resolved_at": at + timedelta(hours=1)} | more),
    )  # fmt: skip


def of(actor):
    return analytics_for(actor, IncidentFilter(since=SINCE, until=NOW), now=NOW)


@pytest.mark.django_db
def test_sla_shares_count_clocks_as_the_report_does(workspace, make_actor):
    phases = ["met", "met", "breached", "running", "stopped", "warned"]
    for number, phase in enumerate(phases, 1):
        at = NOW - timedelta(days=number)
        one = incident(workspace, number, at, is_drill=number == 2)
        SlaClock.objects.of(workspace.pk).filter(incident=one).delete()
        SlaClock.objects.of(workspace.pk).create(
            workspace=workspace, incident=one, kind="acknowledge", phase=phase, started_at=at, warn_at=at,
            deadline=NOW + timedelta(hours=1) if phase == "running" else at + timedelta(minutes=15),
            due_at=at, state="done",
        )  # fmt: skip
    found = {one.kind: one for one in of(make_actor("viewer")).sla}["acknowledge"]
    assert (found.met, found.breached, found.running, found.percent) == (1, 2, 1, 33.3)


@pytest.mark.django_db
def test_noise_counts_incidents_of_a_detector_once(workspace, make_actor, admin):
    for number in range(1, 5):
        one = incident(workspace, number, NOW - timedelta(days=number))
        for signal in range(2):
            IncidentSignal.objects.of(workspace.pk).create(
                workspace=workspace, incident=one, fingerprint=f"{number}{signal}" + "0" * 62,
                reporter="rule:error_burst", first_at=NOW, last_at=NOW, is_open=False,
            )  # fmt: skip
        if number == 1:
            Incident.objects.of(workspace.pk).filter(pk=one.pk).update(acknowledged_at=one.detected_at)
        if number < 4:
            IncidentVerdict.objects.of(workspace.pk).create(
                workspace=workspace, incident=one, verdict="false_positive" if number == 3 else "real",
                reviewed_by_id=admin.user_id,
            )  # fmt: skip
    (noise,) = of(make_actor("viewer")).noise
    assert (noise.reporter, noise.incidents, noise.unheeded) == ("rule:error_burst", 4, 3)
    assert (noise.false_positives.count, noise.false_positives.of) == (1, 3)


@pytest.mark.django_db
def test_load_is_by_the_clock_of_each_person(workspace, make_actor):
    from accounts.models import User

    actors = {name: make_actor("responder", username=name) for name in ("ana.other", "kim")}
    User.objects.filter(username="kim").update(time_zone="Asia/Tokyo")
    saturday = datetime(2026, 11, 14, 14, tzinfo=UTC)  # 23:00 in Tokyo
    one = incident(workspace, 1, saturday)
    for name in actors:
        RoleAssignment.objects.of(workspace.pk).create(
            workspace=workspace, incident=one, role="commander" if name == "kim" else "tech_lead",
            user_id=actors[name].user_id, assigned_at=saturday, ended_at=None,
        )  # fmt: skip
    friday = datetime(2026, 11, 13, 10, tzinfo=UTC)
    incident(workspace, 2, friday, acknowledged_at=friday, acknowledged_by_id=actors["kim"].user_id)
    found = {one.username: one for one in of(make_actor("viewer")).load}
    kim, ana = found["kim"], found["ana.other"]
    assert (kim.incidents, kim.at_night, kim.on_weekends, kim.held) == (2, 1, 1, timedelta(hours=1))
    assert (ana.incidents, ana.at_night, ana.on_weekends) == (1, 0, 1)


def test_time_in_two_roles_at_once_counts_once():
    rng = random.Random(7)
    for _ in range(200):
        spans = [
            (NOW + timedelta(minutes=a), NOW + timedelta(minutes=a + rng.randint(0, 30)))
            for a in (rng.randint(0, 60) for _ in range(rng.randint(0, 5)))
        ]
        minutes = {
            at for start, end in spans for at in range(int((end - start).total_seconds() // 60))
            for at in [int((start - NOW).total_seconds() // 60) + at]
        }  # fmt: skip
        assert covered(spans) == timedelta(minutes=len(minutes))


@pytest.mark.parametrize(("hour", "night"), [(21, False), (22, True), (0, True), (6, True), (7, False)])
def test_night_is_from_22_to_7(hour, night):
    assert is_night(datetime(2026, 3, 1, hour, tzinfo=UTC)) is night


def figure(count, median, low=None, high=None):
    spans = [None if one is None else timedelta(minutes=one) for one in (median, low, high)]
    return Figure("mttr", count, median=spans[0], low=spans[1], high=spans[2])


def test_difference_within_chance_is_no_clear_change():
    assert (
        trend(figure(9, 10, 5, 20), figure(9, 15, 8, 30)) == "no clear change from the previous period (n=9)"
    )
    assert trend(figure(9, 10, 8, 12), figure(9, 40, 30, 50)).startswith("75 % shorter")
    assert trend(figure(4, 10, 8, 12), figure(9, 40, 30, 50)) == ""


@pytest.mark.django_db
def test_same_distribution_is_rarely_called_a_change(workspace, make_actor):
    """Of ten pairs of periods drawn from one distribution, at most two are called different."""
    rng, called = random.Random(3), 0
    actor = make_actor("viewer")
    for pair in range(10):
        until = NOW - timedelta(days=60 * pair)
        rows = []
        for number in range(1, 61):
            at = until - timedelta(days=45 if number > 30 else 15)
            rows.append(
                Incident(
                    workspace=workspace, number=pair * 100 + number, title="x", severity="sev3",
                    source="detected", status="resolved", started_at=at, detected_at=at,
                    resolved_at=at + timedelta(seconds=rng.lognormvariate(8, 1)),
                )
            )  # fmt: skip
        Incident.objects.bulk_create(rows)
        wanted = IncidentFilter(since=until - timedelta(days=30), until=until)
        found = analytics_for(actor, wanted, now=NOW)
        now, before = found.figures[-1], found.before[-1]
        assert now.low <= now.median <= now.high
        times = sorted((one.resolved_at - one.detected_at).total_seconds() for one in rows[:30])
        assert now.median.total_seconds() == pytest.approx(statistics.median(times), abs=0.001)
        called += "no clear change" not in trend(now, before)
    assert called <= 2


@pytest.mark.django_db
def test_page_csv_and_api_show_the_parts(workspace, make_actor):
    one = incident(workspace, 1, NOW - timedelta(days=2))
    IncidentSignal.objects.of(workspace.pk).create(
        workspace=workspace, incident=one, fingerprint="a" * 64, reporter="rule:error_burst", first_at=NOW,
        last_at=NOW, is_open=False,
    )  # fmt: skip
    actor = make_actor("responder", username="kim")
    RoleAssignment.objects.of(workspace.pk).create(
        workspace=workspace, incident=one, role="commander", user_id=actor.user_id,
        assigned_at=one.detected_at,
    )  # fmt: skip
    browser = browser_for(actor)
    query = f"since={SINCE:%Y-%m-%dT%H:%M:%SZ}&until={NOW:%Y-%m-%dT%H:%M:%SZ}"
    page = browser.get(f"/analytics?{query}").content.decode()
    for words in ("Deadlines", "rule:error_burst", "Who responded", "Kim"):
        assert words in page
    csv = body_of(browser.get(f"/analytics.csv?{query}")).decode()
    assert "detector,rule:error_burst,1" in csv
    assert "responder,kim,1" in csv
    body = browser.get(f"/api/v1/analytics?{query}").json()
    assert body["by_detector"][0]["incidents"] == 1
    assert body["by_responder"][0]["username"] == "kim"
    assert body["sla"][0]["kind"] == "acknowledge"


@pytest.mark.django_db
def test_load_counts_every_row_and_every_person(workspace, make_actor):
    one = incident(workspace, 1, NOW - timedelta(days=1))
    often, once = (make_actor("responder", username=name).user_id for name in ("often", "once"))
    at = one.detected_at
    rows = [
        RoleAssignment(
            workspace=workspace, incident=one, role="tech_lead", user_id=user_id, assigned_at=at, ended_at=at
        )
        for user_id in [*[often] * 20_000, once]
    ]  # fmt: skip
    RoleAssignment.objects.bulk_create(rows, batch_size=5_000)
    assert {load.username for load in of(make_actor("viewer")).load} == {"often", "once"}
