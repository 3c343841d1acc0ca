"""Waiting runs block no other; cooldown, hourly budget, breaker and fence."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from incidents.correlation.services.opening import declare_incident
from incidents.models import Component, Incident
from incidents.selectors import affected_of
from remediation.catalogue.services import change_action
from remediation.executors.base import Progress, Report
from remediation.runs.models import Breaker, RemediationRun, RunAttempt, TargetState
from remediation.runs.policy import AUTOMATIC_RUNS_AN_HOUR
from remediation.runs.services import running
from remediation.runs.services.approving import start_proposed
from remediation.runs.services.concurrent_runs import run_due_concurrently
from remediation.runs.services.proposing import Request, propose_automatic, request_run
from remediation.runs.services.running import claim, run_due, to_start
from remediation.runs.services.settling import _is_healthy, half_open, report_outcome, settle
from tests.fakes.receiver import Receiver, Reply
from tests.fakes.receiver import running as serving

pytestmark = pytest.mark.django_db


def requested(incident, actor, count, prefix="target", slug="scale_up"):
    """Approved runs of the action, each on a component of its own."""
    names = [f"{prefix}-{n}" for n in range(count)]
    Component.objects.bulk_create([Component(workspace_id=incident.workspace_id, name=one) for one in names])
    return [request_run(actor, incident.number, Request(slug, one, request_key=one)) for one in names]


def test_stuck_target_holds_up_only_its_own_runs(incident, actor, connect, monkeypatch):
    connect("scale_up")
    monkeypatch.setattr(running, "BATCH", 3)
    stuck = request_run(actor, incident.number, Request("scale_up", request_key="stuck"))
    settle(claim(stuck.workspace_id, stuck.pk), Report(Progress.UNKNOWN, reason="The host is gone."))
    behind = [request_run(actor, incident.number, Request("scale_up", request_key=f"{n}")) for n in range(5)]
    others = requested(incident, actor, 4)
    for _ in range(4):
        run_due()
    started = RunAttempt.objects.of(incident.workspace_id).values_list("run_id", flat=True)
    assert set(started) == {stuck.pk, *(run.pk for run in others)}
    assert {run.pk for run in to_start()} <= {run.pk for run in behind}


@pytest.mark.django_db(transaction=True)
def test_runs_on_different_targets_are_carried_out_concurrently(incident, actor, admin, loopback):
    """Each request gets its response only when the other has arrived, too."""
    both = threading.Barrier(2)

    def respond(received):
        both.wait(30)
        return Reply(200, b"{}", {"Connection": "close"})

    with serving(Receiver(respond)) as server:
        change_action(admin, "scale_up", fields={"executor": "webhook", "config": {"url": server.url}})
        runs = requested(incident, actor, 2)
        for begun in run_due_concurrently():
            assert begun.result(60) == 1
    rows = RemediationRun.objects.of(incident.workspace_id).filter(pk__in=[run.pk for run in runs])
    assert set(rows.values_list("state", flat=True)) == {"unverified"}
    connection.close()


def test_cooldown_of_an_action_on_a_target_delays_the_next_run(incident, actor, connect, finish):
    connect("scale_up", cooldown_s=300)
    finish(request_run(actor, incident.number, Request("scale_up", request_key="first")))
    second = request_run(actor, incident.number, Request("scale_up", request_key="second"))
    run_due()
    second.refresh_from_db()
    last = TargetState.objects.of(incident.workspace_id).get().last_started_at
    assert (second.state, second.not_before) == ("approved", last + timedelta(seconds=300))
    TargetState.objects.of(incident.workspace_id).update(last_started_at=last - timedelta(seconds=301))
    RemediationRun.objects.of(incident.workspace_id).filter(pk=second.pk).update(not_before=last)
    assert finish(second).state == "unverified"


def test_used_budget_of_automatic_runs_turns_them_into_proposals(incident, actor, connect):
    connect("scale_up")
    rows = RemediationRun.objects.of(incident.workspace_id)
    for run in requested(incident, actor, AUTOMATIC_RUNS_AN_HOUR):
        rows.filter(pk=run.pk).update(is_automatic=True)
    assert [run.state for run in propose_automatic(incident.workspace_id, incident.pk)] == ["proposed"]
    rows.filter(is_automatic=True).exclude(state="proposed").update(
        created_at=timezone.now() - timedelta(minutes=61)
    )
    rows.filter(state="proposed").update(origin_key="before")
    assert [run.state for run in propose_automatic(incident.workspace_id, incident.pk)] == ["approved"]


@pytest.fixture
def opened(workspace):
    """`opened(minutes)`: the breaker of scale_up opened so long ago."""

    def make(minutes):
        made = Breaker.objects.create(workspace_id=workspace.pk, action_slug="scale_up")
        made.state, made.opened_at = "open", timezone.now() - timedelta(minutes=minutes)
        made.save()
        return made

    return make


@pytest.mark.parametrize(("minutes", "state"), [(30, "proposed"), (61, "approved")])
def test_open_breaker_lets_one_run_try_after_an_hour(incident, connect, opened, finish, minutes, state):
    connect("scale_up")
    breaker = opened(minutes)
    [run] = propose_automatic(incident.workspace_id, incident.pk)
    assert run.state == state
    if state == "approved":
        finish(run)
        breaker.refresh_from_db()
        assert (breaker.state, breaker.probe_run) == ("closed", None)


def test_run_started_by_a_person_ignores_the_breaker(incident, actor, connect, opened, finish):
    connect("scale_up")
    breaker = opened(1)
    [run] = propose_automatic(incident.workspace_id, incident.pk)
    start_proposed(actor, run.pk)
    assert finish(run).state == "unverified"
    breaker.refresh_from_db()
    assert breaker.state == "open"


def test_trial_that_a_person_allows_starts_by_itself_and_closes_the_breaker(
    incident, admin, connect, opened, finish
):
    connect("scale_up")
    breaker = opened(1)
    half_open(admin, "scale_up")
    [run] = propose_automatic(incident.workspace_id, incident.pk)
    assert finish(run).state == "unverified"
    breaker.refresh_from_db()
    assert breaker.state == "closed"


def test_late_report_of_a_worker_that_lost_the_run_changes_nothing(incident, actor, connect):
    connect("scale_up")
    run = request_run(actor, incident.number, Request("scale_up"))
    old = claim(run.workspace_id, run.pk)
    rows = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
    rows.update(lease_until="2000-01-01T00:00:00Z")
    assert settle(rows.get(), Report(Progress.UNKNOWN, reason="It cannot be asked."))
    assert not settle(old, Report(Progress.SUCCEEDED, output="late"))
    rows.update(fence=old.fence + 1)
    assert not settle(old, Report(Progress.FAILED))
    assert (rows.get().state, rows.get().output) == ("unknown", "")


@pytest.mark.parametrize(("minutes", "state"), [(5, "open"), (31, "closed"), (-1, "closed")])
def test_run_followed_by_another_incident_of_its_component_is_a_bad_one(incident, actor, minutes, state):
    """Three runs that succeeded; another incident is detected so long after each of them."""
    ended = timezone.now()
    [component] = [one.component for one in affected_of(incident.workspace_id, incident.pk)]
    rows = RemediationRun.objects.of(incident.workspace_id)
    for n in range(4):
        run = request_run(actor, incident.number, Request("restart_service", request_key=f"{n}"))
        rows.filter(pk=run.pk).update(state="claimed")
        rows.filter(pk=run.pk).update(state="running")
        report_outcome(actor, run.pk, outcome="succeeded")
        rows.filter(pk=run.pk).update(ended_at=ended)
        if not n:
            other = declare_incident(actor, title="Again", components=[component.name])
            at = ended + timedelta(minutes=minutes)
            Incident.objects.of(incident.workspace_id).filter(pk=other.pk).update(detected_at=at)
    assert Breaker.objects.of(incident.workspace_id).get().state == state


def test_health_check_with_no_place_for_its_component_is_none(incident, actor, connect):
    connect("scale_up", health_url="https://{component}.example/up")
    run = request_run(actor, incident.number, Request("scale_up"))
    run.snapshot |= {"target": "größe"}
    assert _is_healthy(run) is None, "and the run ends as unverified"
