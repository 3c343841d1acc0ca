"""What this app does when something happens to an incident: it plans rows, no more."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from incidents.vocabulary import Status
from postmortems.drafting.requests import note_reopened, plan_draft

OVER = (Status.RESOLVED, Status.CLOSED)


@subscriber("postmortem_drafts", topics=("incident.status_changed",))
def plan_on_status(event: OutboxEvent) -> None:
    """A draft when an incident is resolved; a mark on it when the incident is reopened."""
    incident_id, after = event.payload["incident_id"], event.payload.get("after")
    if after == Status.RESOLVED:
        plan_draft(event.workspace_id, incident_id=incident_id, event_id=event.pk, creates=True)
    elif event.payload.get("before") in OVER and after not in OVER:
        note_reopened(event.workspace_id, incident_id=incident_id)


@subscriber("postmortem_facts", topics=("incident.evidence_recorded", "incident.noted", "incident.changed"))
def plan_on_facts(event: OutboxEvent) -> None:
    """Fresh facts in a draft that exists."""
    incident_id = event.payload["incident_id"]
    plan_draft(event.workspace_id, incident_id=incident_id, event_id=event.pk, creates=False)
