"""Random moves of runs, approvals and breakers: the database refuses every illegal one."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Role
from remediation.runs.models import RemediationRun, RunApproval
from remediation.runs.policy import (
    BREAKER_FAILURES,
    BREAKER_WINDOW,
    Approver,
    breaker_opens,
    missing_approval,
)
from remediation.runs.services.approving import approve_run
from remediation.runs.services.proposing import Request, request_run
from remediation.vocabulary import FINAL, MOVES, Risk, RunState

pytestmark = pytest.mark.django_db
QUICK = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STATES = st.sampled_from(list(RunState))


@pytest.fixture
def run(incident, make_actor, connect):
    """A run that awaits approval."""
    connect("rollback_deployment")
    return request_run(make_actor("responder"), incident.number, Request("rollback_deployment"))


@QUICK
@given(wanted=st.lists(STATES, max_size=12))
def test_database_lets_a_run_move_only_along_the_table(proposed, wanted):
    """Also by raw updates that bypass the code; a final state is never left."""
    rows = RemediationRun.objects.of(proposed.workspace_id).filter(pk=proposed.pk)
    point = transaction.savepoint()
    now = RunState(rows.get().state)
    for state in wanted:
        is_legal = state == now or (now, state) in MOVES
        try:
            with transaction.atomic():
                rows.update(state=state)
            assert is_legal, f"{now} -> {state}"
            now = state
        except DatabaseError:
            assert not is_legal, f"{now} -> {state}"
        assert rows.get().state == now
    transaction.savepoint_rollback(point)


def test_no_move_leaves_a_final_state_and_every_other_state_has_one():
    leaves = {before for before, _ in MOVES}
    assert leaves.isdisjoint(FINAL)
    assert leaves | set(FINAL) == set(RunState)


def test_unknown_never_starts_again():
    assert {after for before, after in MOVES if before == RunState.UNKNOWN} == {
        RunState.SUCCEEDED, RunState.FAILED, RunState.ABANDONED,
    }  # fmt: skip
    assert [before for before, after in MOVES if after == RunState.CLAIMED] == [RunState.APPROVED]


@QUICK
@given(state=STATES, digest=st.sampled_from(["right", "wrong"]), is_late=st.booleans())
def test_database_takes_an_approval_only_for_what_was_shown_and_waits(
    run, make_actor, state, digest, is_late
):
    point = transaction.savepoint()
    manager = make_actor("manager")
    rows = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk)
    if (RunState.AWAITING_APPROVAL, state) in MOVES and state != RunState.APPROVED:
        rows.update(state=state)
    if is_late:
        rows.update(expires_at="2020-01-01T00:00:00Z")
    fits = rows.get().state == RunState.AWAITING_APPROVAL and digest == "right" and not is_late
    shown = run.digest if digest == "right" else "0" * 64
    made = RunApproval(
        workspace_id=run.workspace_id, run=run, approver_id=manager.user_id, verdict="approved", digest=shown
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
        assert fits
    except DatabaseError:
        assert not fits
    transaction.savepoint_rollback(point)


def test_approvals_are_never_changed_or_deleted(run, make_actor):
    approve_run(make_actor("manager"), run.pk, digest=run.digest)
    rows = RunApproval.objects.of(run.workspace_id)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(verdict="rejected")
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.all().delete()


PEOPLE = st.lists(
    st.builds(
        Approver, user_id=st.integers(1, 5), role=st.sampled_from(list(Role)), is_on_call=st.booleans()
    ),
    max_size=5,
)


@given(people=PEOPLE, requester=st.one_of(st.none(), st.integers(1, 5)), on_call=st.booleans())
def test_high_risk_needs_a_manager_who_is_not_the_requester(people, requester, on_call):
    if missing_approval(Risk.HIGH, people, requester, anyone_on_call=on_call) == "":
        others = {one.user_id: one for one in people if one.user_id != requester}
        assert any(one.role in (Role.MANAGER, Role.ADMIN) for one in others.values())
        assert requester is not None or len(others) >= 2


@given(recent=st.lists(st.booleans(), max_size=12))
def test_breaker_opens_exactly_at_three_bad_of_the_last_five(recent):
    bad = [well for well in recent[:BREAKER_WINDOW] if not well]
    assert breaker_opens(recent) == (len(bad) >= BREAKER_FAILURES)
