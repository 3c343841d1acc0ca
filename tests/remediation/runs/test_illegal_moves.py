"""Every transition outside the tables, of runs, approvals and breakers, is refused by PostgreSQL."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from remediation.runs.models import Breaker, RemediationRun, RunApproval
from remediation.runs.services.proposing import Request, request_run
from remediation.vocabulary import BREAKER_MOVES, MOVES, BreakerState, RunState

pytestmark = pytest.mark.django_db


def path_to(state, moves=MOVES, begin=RunState.PROPOSED):
    """Legal moves from the first state to another; None where there is no way."""
    paths, seen = [[begin]], set()
    while paths:
        path = paths.pop(0)
        if path[-1] == state:
            return path[1:]
        seen.add(path[-1])
        paths += [[*path, after] for before, after in moves if before == path[-1] and after not in seen]
    return None


def refused(act):
    """Whether the database refuses it."""
    try:
        with transaction.atomic():
            act()
    except DatabaseError:
        return True
    return False


@pytest.mark.parametrize("state", list(RunState))
def test_database_refuses_every_move_of_a_run_outside_the_table(proposed, state):
    rows = RemediationRun.objects.of(proposed.workspace_id).filter(pk=proposed.pk)
    for step in path_to(state):
        rows.update(state=step)
    for wanted in RunState:
        if wanted != state and (state, wanted) not in MOVES:
            assert refused(lambda to=wanted: rows.update(state=to)), f"{state} -> {wanted}"
    assert rows.get().state == state


def test_run_begins_only_where_it_waits(incident, actor, connect, proposed):
    connect("rollback_deployment")
    medium = request_run(actor, incident.number, Request("rollback_deployment"))
    for original, allowed in ((proposed, {"proposed", "awaiting_approval", "approved"}),
                              (medium, {"awaiting_approval"})):  # fmt: skip
        for state in RunState:
            copy = RemediationRun.objects.of(incident.workspace_id).get(pk=original.pk)
            copy.pk, copy.state, copy.origin_key = None, state, f"copy {original.pk} {state}"
            assert refused(lambda made=copy: made.save(force_insert=True)) is (state not in allowed), state


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("risk", "low"), ("target_key", "other"), ("digest", "0" * 64), ("snapshot", "{}"),
        ("is_drill", True), ("incident_id", 0), ("action_id", 0), ("workspace_id", 0),
    ],
    ids=lambda one: str(one)[:12],
)  # fmt: skip
def test_database_refuses_changes_of_run_facts(incident, actor, connect, column, value):
    connect("rollback_deployment")
    run = request_run(actor, incident.number, Request("rollback_deployment"))
    table, name = RemediationRun._meta.db_table, connection.ops.quote_name(column)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"update {table} set {name} = %s where id = %s", [value, run.pk])


def approval(run, user_id, **changes):
    """An approval of a run that is not stored."""
    values = {"workspace_id": run.workspace_id, "verdict": "approved", "digest": run.digest} | changes
    return RunApproval(run=run, approver_id=user_id, **values)


@pytest.mark.parametrize(
    ("slug", "by_tocsin", "needed"),
    [("rollback_deployment", False, 1), ("code_patch", False, 1), ("code_patch", True, 2)],
)
def test_risky_run_is_approved_only_with_its_approvals(
    incident, make_actor, connect, slug, by_tocsin, needed
):
    connect(slug)
    run = request_run(make_actor("responder"), incident.number, Request(slug))
    rows = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
    if by_tocsin:
        rows.update(requested_by=None)
    for _ in range(needed):
        assert refused(lambda: rows.update(state="approved"))
        approval(run, make_actor("manager").user_id).save(force_insert=True)
    assert not refused(lambda: rows.update(state="approved"))


def test_approval_of_those_who_may_not_is_refused(incident, make_actor, connect, make_user):
    connect("code_patch")
    requester = make_actor("manager")
    run = request_run(requester, incident.number, Request("code_patch"))
    outsiders = [requester.user_id, make_actor("viewer").user_id, make_user().pk]
    assert all(refused(lambda one=one: approval(run, one).save(force_insert=True)) for one in outsiders)
    manager = make_actor("manager").user_id
    assert refused(lambda: approval(run, manager, digest="0" * 64).save(force_insert=True))
    approval(run, manager).save(force_insert=True)
    rows = RunApproval.objects.of(run.workspace_id)
    assert refused(lambda: rows.update(verdict="rejected"))
    assert refused(lambda: rows.all().delete())
    assert refused(lambda: approval(run, manager).save(force_insert=True))


@pytest.fixture
def breaker(workspace):
    """A closed breaker."""
    return Breaker.objects.create(workspace_id=workspace.pk, action_slug="scale_up")


@pytest.mark.parametrize("state", list(BreakerState))
def test_database_refuses_every_move_of_a_breaker_outside_the_table(breaker, state):
    rows = Breaker.objects.of(breaker.workspace_id).filter(pk=breaker.pk)
    for step in path_to(state, BREAKER_MOVES, BreakerState.CLOSED):
        rows.update(state=step)
    for wanted in BreakerState:
        is_legal = wanted == state or (state, wanted) in BREAKER_MOVES
        point = transaction.savepoint()
        assert refused(lambda to=wanted: rows.update(state=to)) is not is_legal, f"{state} -> {wanted}"
        transaction.savepoint_rollback(point)


@pytest.mark.parametrize("state", ["open", "half_open"])
def test_breaker_begins_closed(workspace, state):
    made = Breaker(workspace_id=workspace.pk, action_slug="scale_up", state=state)
    assert refused(lambda: made.save(force_insert=True))


def test_only_a_half_open_breaker_has_a_trial_and_only_one(breaker, incident, actor, connect):
    connect("scale_up")
    first, second = (
        request_run(actor, incident.number, Request("scale_up", request_key=key)).pk for key in "ab"
    )
    rows = Breaker.objects.of(breaker.workspace_id).filter(pk=breaker.pk)
    assert refused(lambda: rows.update(probe_run=first))
    rows.update(state="open")
    rows.update(state="half_open", probe_run=first)
    assert refused(lambda: rows.update(probe_run=second))
    assert refused(lambda: rows.update(state="closed"))
    assert not refused(lambda: rows.update(state="closed", probe_run=None))
