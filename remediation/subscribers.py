"""What remediation does when an incident opens: it plans the proposals; a worker makes them."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from remediation.runs.services.proposing import plan_proposals


@subscriber("remediation", topics=["incident.opened"])
def plan_actions(event: OutboxEvent) -> None:
    """Plan the automatic proposals of a new incident; idempotent."""
    plan_proposals(event.workspace_id, event.payload["incident_id"])
