"""Approvers of a run; requesting an approval approves nothing."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Membership
from core.queue.runner import run_due as run_queue
from core.queues import RELAY
from notifications.deliveries.models import Delivery
from remediation.runs.approvers import approvers_to_notify, possible_approvers
from remediation.runs.services.approving import approve_run, missing_text
from remediation.runs.services.asking import plan_approver_notices
from remediation.runs.services.proposing import Request, request_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(make_actor):
    """Role -> a member."""
    return {role: make_actor(role) for role in ("viewer", "responder", "manager", "admin")}


@pytest.fixture
def run(incident, people, connect):
    """A medium-risk run that the responder requested."""
    connect("rollback_deployment")
    return request_run(people["responder"], incident.number, Request("rollback_deployment"))


def test_without_a_shift_managers_are_approvers(run, people, admin):
    wanted = {people["manager"].user_id, people["admin"].user_id, admin.user_id}
    assert set(approvers_to_notify(run)) == wanted


def test_named_person_is_the_approver_and_nothing_is_approved(incident, people, connect):
    connect("rollback_deployment")
    approver_id = people["manager"].user_id
    run = request_run(
        people["responder"], incident.number, Request("rollback_deployment", approver_id=approver_id)
    )
    assert approvers_to_notify(run) == [approver_id]
    run.refresh_from_db()
    assert run.state == "awaiting_approval"


def test_at_high_risk_the_requester_is_no_approver(incident, people, connect):
    connect("database_maintenance")
    run = request_run(people["manager"], incident.number, Request("database_maintenance"))
    assert people["manager"].user_id not in approvers_to_notify(run)
    assert people["responder"].user_id not in approvers_to_notify(run)


def test_workspace_without_approvers_gets_a_warning(incident, people, connect):
    connect("database_maintenance")
    run = request_run(people["manager"], incident.number, Request("database_maintenance"))
    others = Membership.objects.of(run.workspace_id).exclude(user_id=people["manager"].user_id)
    others.update(role="responder")
    assert possible_approvers(run) == []
    assert "No member of this workspace can approve it" in missing_text(run)


def test_approved_run_has_no_pending_approvers(run, people):
    approve_run(people["manager"], run.pk, digest=run.digest)
    run.refresh_from_db()
    assert approvers_to_notify(run) == []


def test_request_is_delivered_once_with_the_address_of_the_run(run, people, monkeypatch):
    from notifications.contacts.ways import Way
    from notifications.deliveries import planning

    def ways(workspace_id, user_id):
        return [Way(user_id=user_id, person="Someone", name="Mail")]

    monkeypatch.setattr(planning, "ways_to", ways)
    run_queue(RELAY, at=timezone.now())
    planned = Delivery.objects.of(run.workspace_id).filter(event_key=f"run:{run.pk}:approval")
    assert set(planned.values_list("user_id", flat=True)) == set(approvers_to_notify(run))
    payload = planned[0].payload
    assert payload["snapshot"]["url"].endswith(f"/remediation/runs/{run.pk}")
    assert "Approval needed: Roll back deployment on checkout" in payload["details"]["message"]
    assert plan_approver_notices(run.workspace_id, run.pk) == 0
