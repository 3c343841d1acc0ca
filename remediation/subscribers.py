"""Outbox subscribers of remediation. Only write rows."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from remediation.runs.services.asking import plan_approver_notices
from remediation.runs.services.proposing import plan_proposals
from remediation.vocabulary import RunState


@subscriber("remediation", topics=["incident.opened"])
def plan_actions(event: OutboxEvent) -> None:
    """Plan automatic proposals for a new incident. Idempotent."""
    plan_proposals(event.workspace_id, event.payload["incident_id"])


@subscriber("approvals", topics=["remediation.run_changed"])
def notify_approvers(event: OutboxEvent) -> None:
    """Notify possible approvers of a run."""
    if event.payload["state"] == RunState.AWAITING_APPROVAL:
        plan_approver_notices(event.workspace_id, event.payload["run_id"])
