"""Sixteen approvers press approve on all runs at once: each action takes effect once at its target."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest
from django.db import connection

from core.errors import Problem
from incidents.models import Component
from remediation.runs.models import RemediationRun, RunApproval, RunAttempt
from remediation.runs.services.approving import approve_run
from remediation.runs.services.proposing import Request, request_run
from remediation.runs.services.running import run_due
from remediation.vocabulary import LIVE, RunState
from tests.tables import count

APPROVERS, ACTIONS, WORKERS = 16, count(20, 100), 3
WITHIN_S = count(60, 600)
WRITES = "import sys; open(sys.argv[2], 'a').write(sys.argv[1] + chr(10))"


def together(calls):
    """Run the calls in threads that begin at once, each with a connection of its own."""
    barrier = threading.Barrier(len(calls))

    def begin(call):
        barrier.wait()
        try:
            call()
        finally:
            connection.close()

    threads = [threading.Thread(target=begin, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)


@pytest.mark.django_db(transaction=True)
def test_every_action_takes_effect_once(incident, make_actor, connect, settings, tmp_path):
    connect("rollback_deployment")
    effects = tmp_path / "effects"
    command = [sys.executable, "-I", "-S", "-c", WRITES, "{component}", str(effects)]
    settings.REMEDIATION_COMMANDS = {"rollback_deployment": command}
    requester = make_actor("responder")
    names = [f"target-{n}" for n in range(ACTIONS)]
    Component.objects.bulk_create([Component(workspace_id=incident.workspace_id, name=one) for one in names])
    wanted = [Request("rollback_deployment", component=one, request_key=one) for one in names]
    runs = [request_run(requester, incident.number, one) for one in wanted]
    managers = [make_actor("manager") for _ in range(APPROVERS)]

    def approve_all(manager):
        for run in runs:
            with suppress(Problem):
                approve_run(manager, run.pk, digest=run.digest)

    def work():
        for _ in range(ACTIONS // 2):
            run_due()

    together([lambda one=one: approve_all(one) for one in managers])
    together([work] * WORKERS)
    rows = RemediationRun.objects.of(incident.workspace_id)
    deadline = time.monotonic() + WITHIN_S
    while rows.filter(state__in=[RunState.APPROVED, *LIVE]).exists() and time.monotonic() < deadline:
        rows.filter(state__in=LIVE).update(lease_until="2000-01-01T00:00:00Z")
        run_due()
    assert Counter(effects.read_text().split()) == Counter(names)
    assert set(rows.values_list("state", flat=True)) == {"unverified"}
    assert RunAttempt.objects.of(incident.workspace_id).count() == ACTIONS
    approvers = RunApproval.objects.of(incident.workspace_id).values_list("run_id", "approver_id")
    assert requester.user_id not in {approver for _, approver in approvers}
    assert max(Counter(run for run, _ in approvers).values()) == 1
