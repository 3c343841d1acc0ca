"""A run as a state machine: people, workers and time act on it in any order, against a model of its table."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.actor import system_actor
from core.errors import Conflict, Forbidden
from remediation.executors.base import Progress, Report
from remediation.runs.models import RemediationRun, RunApproval, RunAttempt
from remediation.runs.services import proposing
from remediation.runs.services.approving import approve_run, cancel_run, reject_run, start_proposed
from remediation.runs.services.running import claim, expire_waiting
from remediation.runs.services.settling import report_outcome, settle
from remediation.vocabulary import FINAL, MOVES, WAITING, RunState

pytestmark = pytest.mark.django_db
S = RunState
QUICK = settings(
    max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
SLUGS = ("scale_up", "rollback_deployment", "code_patch")
PEOPLE = ("requester", "second", "manager", "admin", "viewer")
MANAGERS = {"manager", "admin"}
ENDS = {Progress.RUNNING: S.RUNNING, Progress.SUCCEEDED: S.UNVERIFIED, Progress.FAILED: S.FAILED,
        Progress.NOT_STARTED: S.FAILED, Progress.UNKNOWN: S.UNKNOWN}  # fmt: skip


@pytest.fixture
def scenario(incident, make_actor, admin, connect):
    """Connected actions of each risk, and five people of four roles; no shift is on."""
    for slug in SLUGS:
        connect(slug)
    people = {"requester": make_actor("responder"), "second": make_actor("responder"),
              "manager": make_actor("manager"), "admin": admin, "viewer": make_actor("viewer")}  # fmt: skip
    return SimpleNamespace(incident=incident, people=people)


class RunMachine(RuleBasedStateMachine):
    """`state` and `given` are what the run must be; each rule acts and checks the result."""

    def __init__(self, scenario):
        super().__init__()
        self.scenario, self.given, self.starts = scenario, set(), 0
        self.point = transaction.savepoint()

    def teardown(self):
        """Forget what this example wrote."""
        transaction.savepoint_rollback(self.point)

    @initialize(
        slug=st.sampled_from(["scale_up", "rollback_deployment", "code_patch"]), by_tocsin=st.booleans()
    )
    def requested(self, slug, by_tocsin):
        """By a person, or by Tocsin."""
        incident = self.scenario.incident
        asker = system_actor(incident.workspace_id) if by_tocsin else self.scenario.people["requester"]
        wanted = proposing.Request(slug)
        action = proposing.current_action(incident.workspace_id, slug)
        component = proposing.main_component(incident)
        self.run = proposing._propose(asker, incident, action, component, wanted, origin_key="machine")
        self.by_tocsin, self.risk, self.held = by_tocsin, self.run.risk, self.run
        self.state = S.APPROVED if self.risk == "low" else S.AWAITING_APPROVAL

    @rule(who=st.sampled_from(PEOPLE))
    def approve(self, who):
        """Counts once a person, from those who may, while it waits."""
        may = who in MANAGERS or (self.risk == "high" and self.by_tocsin and who in {"requester", "second"})
        try:
            approve_run(self.scenario.people[who], self.run.pk, digest=self.run.digest)
        except Forbidden:
            assert not may
        except Conflict:
            assert self.state != S.AWAITING_APPROVAL
        else:
            if who in self.given:
                return
            assert may
            assert self.state == S.AWAITING_APPROVAL
            self.given.add(who)
            enough = 2 if self.risk == "high" and self.by_tocsin else 1
            if len(self.given) >= enough and self.given & MANAGERS:
                self.state = S.APPROVED

    @rule(who=st.sampled_from(PEOPLE))
    def reject(self, who):
        """Rejects what waits for approval; one who approved it cannot."""
        self._moves(reject_run, who, {S.AWAITING_APPROVAL}, S.REJECTED)

    @rule(who=st.sampled_from(PEOPLE))
    def cancel(self, who):
        """Ends what has not started."""
        self._moves(cancel_run, who, set(WAITING), S.CANCELLED)

    @rule(who=st.sampled_from(PEOPLE))
    def start_by_hand(self, who):
        """Only what was proposed."""
        self._moves(start_proposed, who, {S.PROPOSED}, S.APPROVED)

    def _moves(self, act, who, fitting, after):
        try:
            with transaction.atomic():
                act(self.scenario.people[who], self.run.pk)
        except Forbidden:
            assert who == "viewer"
        except Conflict:
            assert self.state not in fitting or who in self.given  # one verdict a person
        else:
            assert self.state in fitting or self.state == after
            self.state = after if self.state in fitting else self.state

    @rule()
    def time_passes(self):
        """What waits for too long expires; what has started does not."""
        rows = RemediationRun.objects.of(self.run.workspace_id).filter(pk=self.run.pk)
        if self.state in WAITING:
            rows.update(expires_at="2020-01-01T00:00:00Z")
            self.state = S.EXPIRED
        expire_waiting()

    @rule()
    def worker_claims(self):
        """One attempt ever."""
        claimed = claim(self.run.workspace_id, self.run.pk)
        assert (claimed is not None) is (self.state == S.APPROVED)
        if claimed is not None:
            self.held, self.state, self.starts = claimed, S.CLAIMED, self.starts + 1

    @rule(progress=st.sampled_from(Progress), is_stale=st.booleans())
    def worker_reports(self, progress, is_stale):
        """Counts from the worker that holds it, while it is live."""
        held = RemediationRun.objects.of(self.run.workspace_id).get(pk=self.run.pk)
        held.fence += 1 if is_stale else 0
        is_live = self.state in {S.CLAIMED, S.RUNNING}
        assert settle(held, Report(progress)) is (is_live and not is_stale)
        if is_live and not is_stale:
            self.state = ENDS[progress]

    @rule(outcome=st.sampled_from(["succeeded", "failed", "abandoned"]))
    def person_reports(self, outcome):
        """Only of an unknown run: the others have an outcome."""
        try:
            report_outcome(self.scenario.people["requester"], self.run.pk, outcome=outcome)
        except Conflict:
            assert self.state != S.UNKNOWN
        else:
            assert self.state == S.UNKNOWN
            self.state = RunState(outcome)

    @rule(wanted=st.sampled_from(RunState))
    def raw_update(self, wanted):
        """The database refuses what the table does not name, and approval without approvals."""
        if wanted == self.state or (self.state, wanted) in MOVES:
            return
        with pytest.raises(DatabaseError), transaction.atomic():
            RemediationRun.objects.of(self.run.workspace_id).filter(pk=self.run.pk).update(state=wanted)

    @invariant()
    def stored_as_modelled(self):
        """State, verdicts and the number of starts."""
        if not hasattr(self, "run"):
            return
        stored = RemediationRun.objects.of(self.run.workspace_id).get(pk=self.run.pk)
        assert stored.state == self.state
        assert (stored.ended_at is not None) is (self.state in FINAL)
        attempts = RunAttempt.objects.of(self.run.workspace_id).filter(run=self.run).count()
        assert attempts == self.starts <= 1
        approved = RunApproval.objects.of(self.run.workspace_id).filter(run=self.run, verdict="approved")
        assert approved.count() == len(self.given)
        if attempts and self.risk != "low":
            assert self.given & MANAGERS


def test_run_follows_its_table_in_any_order_of_acts(scenario):
    run_state_machine_as_test(lambda: RunMachine(scenario), settings=QUICK)
    assert not RemediationRun.objects.of(scenario.incident.workspace_id).exists()  # each example was undone
