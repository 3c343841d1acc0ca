"""A run from request to its end, carried out by real commands."""

from __future__ import annotations

import os

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.actor import Actor, system_actor
from core.errors import Conflict, Forbidden, Invalid
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.models import Component, TimelineEntry
from remediation.catalogue.services import change_action
from remediation.executors.command import spool_of
from remediation.runs.models import Breaker, RemediationRun, RunApproval, RunAttempt
from remediation.runs.services import proposing
from remediation.runs.services.approving import approve_run, cancel_run, locked_run, move, reject_run
from remediation.runs.services.proposing import Request, propose_automatic, request_run
from remediation.runs.services.running import claim, run_due
from remediation.runs.services.settling import half_open, report_outcome
from remediation.runs.snapshot import actor_of
from remediation.vocabulary import MOVES, RunState

pytestmark = pytest.mark.django_db


@pytest.fixture
def responder(make_actor):
    """A responder of the workspace."""
    return make_actor("responder")


@pytest.fixture
def manager(make_actor):
    """A manager of the workspace."""
    return make_actor("manager")


def test_low_risk_run_starts_by_itself_and_stores_its_output(incident, responder, connect, finish):
    connect("scale_up", "import sys; print('added one to', sys.argv[1])")
    run = request_run(responder, incident.number, Request("scale_up"))
    assert run.state == "approved"
    assert run.preview.endswith("\ncheckout")
    ended = finish(run)
    assert (ended.state, ended.output) == ("unverified", "added one to checkout\n")
    entries = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind="remediation")
    states = [entry.data["state"] for entry in entries.order_by("id")]
    assert states == ["approved", "running", "verifying", "unverified"]


def test_failed_command_is_a_failed_run_with_its_exit_code(incident, responder, connect, finish):
    connect("scale_up", "import sys; print('no quota'); sys.exit(3)")
    ended = finish(request_run(responder, incident.number, Request("scale_up")))
    assert (ended.state, ended.reason) == ("failed", "It ended with exit code 3.")
    assert RunAttempt.objects.of(incident.workspace_id).get(run=ended).exit_code == 3


def test_slow_command_is_ended_with_its_grandchildren(incident, responder, connect, finish, tmp_path):
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen(['setsid', 'sleep', '600'])\n"
        f"open({str(pids)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )
    connect("scale_up", code, timeout_s=1)
    ended = finish(request_run(responder, incident.number, Request("scale_up")))
    assert (ended.state, ended.reason) == ("failed", "It ran longer than 1.0 s and was killed.")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pids.read_text()), 0)


def test_secret_in_the_output_is_redacted_before_it_is_stored(incident, responder, connect, finish):
    connect("scale_up", "print('password=hunter2-hunter2')")
    ended = finish(request_run(responder, incident.number, Request("scale_up")))
    assert "hunter2" not in ended.output


def test_long_output_is_cut(incident, responder, connect, finish):
    connect("scale_up", "print('x' * 200_000)")
    assert len(finish(request_run(responder, incident.number, Request("scale_up"))).output) == 64_000


def test_component_named_like_an_option_is_refused(incident, responder, connect):
    connect("scale_up")
    Component.objects.create(workspace_id=incident.workspace_id, name="--delete-all")
    with pytest.raises(Invalid, match="begin with a letter or digit"):
        request_run(responder, incident.number, Request("scale_up", component="--delete-all"))


def test_request_sent_twice_with_its_key_is_one_run(incident, responder, connect):
    connect("scale_up")
    wanted = Request("scale_up", request_key="k-1")
    assert request_run(responder, incident.number, wanted) == request_run(responder, incident.number, wanted)
    Component.objects.create(workspace_id=incident.workspace_id, name="other")
    for slug, component in (("restart_service", ""), ("scale_up", "other")):
        with pytest.raises(Conflict, match="That key was used to request Scale"):
            request_run(responder, incident.number, Request(slug, component, request_key="k-1"))


def test_resolved_incident_takes_no_run(incident, responder, connect):
    connect("scale_up")
    resolve_incident(responder, number=incident.number)
    with pytest.raises(Conflict, match="Reopen it"):
        request_run(responder, incident.number, Request("scale_up"))


def test_run_of_a_resolved_incident_is_void(incident, responder, connect, finish):
    connect("scale_up")
    run = request_run(responder, incident.number, Request("scale_up"))
    resolve_incident(responder, number=incident.number)
    assert finish(run).state == "void"


def test_medium_risk_waits_for_a_manager_without_a_shift(incident, responder, manager, connect, finish):
    connect("rollback_deployment")
    run = request_run(responder, incident.number, Request("rollback_deployment"))
    assert run.state == "awaiting_approval"
    with pytest.raises(Forbidden, match="a manager must approve"):
        approve_run(responder, run.pk, digest=run.digest)
    approve_run(manager, run.pk, digest=run.digest)
    assert finish(run).state == "unverified"


def test_high_risk_is_never_approved_by_its_requester(incident, manager, admin, connect):
    connect("database_maintenance")
    run = request_run(manager, incident.number, Request("database_maintenance"))
    with pytest.raises(Forbidden, match="another person"):
        approve_run(manager, run.pk, digest=run.digest)
    with pytest.raises(IntegrityError), transaction.atomic():
        RunApproval.objects.create(
            workspace_id=run.workspace_id, run=run, approver_id=manager.user_id, verdict="approved",
            digest=run.digest,
        )  # fmt: skip
    assert approve_run(admin, run.pk, digest=run.digest).state == "approved"


@pytest.mark.parametrize("kind", ["system", "local", "token", "source"])
def test_machines_cannot_approve(incident, responder, connect, kind):
    connect("database_maintenance")
    run = request_run(responder, incident.number, Request("database_maintenance"))
    machine = Actor(incident.workspace_id, kind, "robot", scopes=frozenset({"admin"}))
    with pytest.raises(Forbidden):
        approve_run(machine, run.pk, digest=run.digest)


def test_approval_of_another_digest_is_refused(incident, responder, manager, connect):
    connect("rollback_deployment")
    run = request_run(responder, incident.number, Request("rollback_deployment"))
    with pytest.raises(Conflict, match="has changed since it was shown"):
        approve_run(manager, run.pk, digest="0" * 64)
    run.refresh_from_db()
    assert run.state == "awaiting_approval"


@pytest.mark.parametrize(
    "change", ["timeout", "risk", "rollback", "config", "withdrawn", "tier", "steps", "executor"]
)
def test_change_after_the_request_voids_the_run(incident, responder, manager, admin, connect, change):
    action = connect("rollback_deployment")
    run = request_run(responder, incident.number, Request("rollback_deployment"))
    fields = {
        "timeout": {"timeout_s": 61}, "risk": {"risk": "high"}, "rollback": {"rollback": "scale_up"},
        "steps": {"steps": ["Do something else"]}, "executor": {"executor": "manual", "config": {}},
    }  # fmt: skip
    if change == "tier":
        Component.objects.of(run.workspace_id).filter(pk=run.component_id).update(tier=1)
    elif change == "withdrawn":
        type(action).objects.of(run.workspace_id).filter(pk=action.pk).update(is_enabled=False)
    elif change == "config":
        connect("clear_cache")
        change_action(admin, "rollback_deployment", fields={"config": {"command": "clear_cache"}})
    else:
        change_action(admin, "rollback_deployment", fields=fields[change])
    with pytest.raises(Conflict, match="void"):
        approve_run(manager, run.pk, digest=run.digest)
    run.refresh_from_db()
    assert run.state == "void"


def test_change_after_approval_voids_the_run(incident, responder, manager, admin, connect, finish):
    connect("rollback_deployment")
    run = request_run(responder, incident.number, Request("rollback_deployment"))
    approve_run(manager, run.pk, digest=run.digest)
    change_action(admin, "rollback_deployment", fields={"timeout_s": 99})
    assert finish(run).state == "void"


def test_approver_who_lost_the_role_counts_no_more(incident, responder, manager, connect, finish):
    from accounts.models import Membership

    connect("rollback_deployment")
    run = request_run(responder, incident.number, Request("rollback_deployment"))
    approve_run(manager, run.pk, digest=run.digest)
    Membership.objects.of(run.workspace_id).filter(user_id=manager.user_id).update(role="viewer")
    ended = finish(run)
    assert ended.state == "void"
    assert "no longer valid" in ended.reason


def test_expired_run_cannot_be_approved_and_shows_why(incident, responder, manager, connect):
    connect("rollback_deployment")
    run = request_run(responder, incident.number, Request("rollback_deployment"))
    RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk).update(expires_at="2020-01-01T00:00:00Z")
    with pytest.raises(Conflict, match="expired"):
        approve_run(manager, run.pk, digest=run.digest)
    run.refresh_from_db()
    assert run.state == "expired"


def test_rejected_run_and_cancelled_run_never_start(incident, responder, manager, connect):
    connect("rollback_deployment")
    connect("scale_up")
    rejected = request_run(responder, incident.number, Request("rollback_deployment"))
    reject_run(manager, rejected.pk, note="not now")
    cancelled = request_run(responder, incident.number, Request("scale_up"))
    cancel_run(responder, cancelled.pk)
    run_due()
    assert RunAttempt.objects.of(incident.workspace_id).count() == 0


def test_who_approved_a_run_cannot_reject_it_as_well(incident, manager, connect):
    connect("code_patch")
    action = proposing.current_action(incident.workspace_id, "code_patch")
    facts = (incident, action, proposing.main_component(incident), Request("code_patch"))
    run = proposing._propose(system_actor(incident.workspace_id), *facts, origin_key="two approve it")
    approve_run(manager, run.pk, digest=run.digest)
    with pytest.raises(Conflict, match="You approved this run"):
        reject_run(manager, run.pk)
    run.refresh_from_db()
    assert run.state == "awaiting_approval"


@pytest.mark.parametrize("state", [state for state in RunState if state != RunState.PROPOSED])
def test_database_refuses_every_illegal_move(incident, responder, connect, state):
    connect("scale_up")
    run = request_run(responder, incident.number, Request("scale_up"))
    legal = (RunState(run.state), state) in MOVES or run.state == state
    if not legal:
        with pytest.raises(DatabaseError), transaction.atomic():
            RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk).update(state=state)
    run.refresh_from_db()
    assert run.state == "approved"


def test_run_of_a_killed_worker_is_checked_after_the_start(incident, responder, connect, finish):
    from remediation.executors.base import executor_for
    from remediation.runs.snapshot import order_of

    connect("scale_up", "import time; time.sleep(0.3); print('done once')")
    run = request_run(responder, incident.number, Request("scale_up"))
    claimed = claim(run.workspace_id, run.pk)
    executor_for("command").start(order_of(claimed), {})  # and here its worker is killed
    RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk).update(lease_until="2020-01-01T00:00:00Z")
    ended = finish(run)
    assert (ended.state, ended.output) == ("unverified", "done once\n")


def test_run_of_a_worker_killed_before_the_start_fails(incident, responder, connect, finish):
    connect("scale_up")
    run = request_run(responder, incident.number, Request("scale_up"))
    claim(run.workspace_id, run.pk)
    RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk).update(lease_until="2020-01-01T00:00:00Z")
    ended = finish(run)
    assert (ended.state, ended.reason) == ("failed", "The command never started.")


def test_command_without_a_result_is_unknown(incident, responder, connect, finish):
    connect("scale_up")
    run = request_run(responder, incident.number, Request("scale_up"))
    claim(run.workspace_id, run.pk)
    spool = spool_of(run.pk)
    spool.mkdir(parents=True)
    (spool / "started.json").write_text('{"pid": 1, "ticks": 1, "boot_id": "another"}')
    RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk).update(lease_until="2020-01-01T00:00:00Z")
    assert finish(run).state == "unknown"
    assert report_outcome(responder, run.pk, outcome="abandoned", note="host gone").state == "abandoned"


def test_run_is_claimed_by_one_worker_only(incident, responder, connect):
    connect("scale_up")
    run = request_run(responder, incident.number, Request("scale_up"))
    assert claim(run.workspace_id, run.pk) is not None
    assert claim(run.workspace_id, run.pk) is None


def test_second_run_on_a_target_waits_while_one_is_live(incident, responder, connect):
    connect("scale_up")
    connect("clear_cache")
    first = request_run(responder, incident.number, Request("scale_up"))
    second = request_run(responder, incident.number, Request("clear_cache"))
    assert claim(first.workspace_id, first.pk) is not None
    assert claim(second.workspace_id, second.pk) is None
    second.refresh_from_db()
    assert second.state == "approved"


def test_automatic_proposals_are_made_once(incident, connect):
    connect("scale_up")
    once = propose_automatic(incident.workspace_id, incident.pk)
    again = propose_automatic(incident.workspace_id, incident.pk)
    assert [run.pk for run in once] == [run.pk for run in again]
    assert [(run.action.slug, run.state, run.is_automatic) for run in once] == [
        ("scale_up", "approved", True)
    ]


def test_breaker_stops_automatic_runs_and_one_trial_closes_it(incident, responder, admin, connect, finish):
    connect("scale_up", "raise SystemExit(1)")
    for number in range(3):
        finish(request_run(responder, incident.number, Request("scale_up", request_key=str(number))))
    breaker = Breaker.objects.of(incident.workspace_id).get()
    assert breaker.state == "open"
    [run] = propose_automatic(incident.workspace_id, incident.pk)
    assert run.state == "proposed"
    half_open(admin, "scale_up")
    breaker.refresh_from_db()
    assert breaker.state == "half_open"


def test_manual_action_runs_until_a_person_reports(incident, responder, finish):
    run = request_run(responder, incident.number, Request("restart_service"))
    run_due()
    run.refresh_from_db()
    assert run.state == "running"
    assert run.output.startswith("1. Restart checkout")
    assert report_outcome(responder, run.pk, outcome="succeeded").state == "succeeded"


def test_final_states_stay_final(incident, responder, connect, finish):
    connect("scale_up")
    ended = finish(request_run(responder, incident.number, Request("scale_up")))
    with transaction.atomic():
        held = locked_run(ended.workspace_id, ended.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        move(actor_of(held), held, RunState.FAILED)
