"""What remediation does when an incident opens: it plans the proposals; a worker makes them."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from remediation.runs.services.asking import ask_approvers
from remediation.runs.services.proposing import plan_proposals
from remediation.vocabulary import RunState


@subscriber("remediation", topics=["incident.opened"])
def plan_actions(event: OutboxEvent) -> None:
    """Plan the automatic proposals of a new incident; idempotent."""
    plan_proposals(event.workspace_id, event.payload["incident_id"])


@subscriber("approvals", topics=["remediation.run_changed"])
def notify_approvers(event: OutboxEvent) -> None:
    """Notify those whose approval a run waits for."""
    if event.payload["state"] == RunState.AWAITING_APPROVAL:
        ask_approvers(event.workspace_id, event.payload["run_id"])
