"""Facts about incidents that the status page shows."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from status.publishing.services.incidents import publish_by_rule
from status.snapshots.services.requests import request_build

TOPICS = (
    "incident.opened", "incident.changed", "incident.status_changed", "incident.severity_changed",
    "incident.noted", "incident.entry_amended", "incident.grew", "incident.privacy_changed",
    "postmortem.published",
)  # fmt: skip
RISES = ("incident.opened", "incident.severity_changed", "incident.changed")


@subscriber("status", topics=TOPICS)
def follow(event: OutboxEvent) -> None:
    """Publish what the page publishes by itself, and render the page again. Idempotent."""
    if event.topic in RISES:
        publish_by_rule(event.workspace_id, incident_id=event.payload["incident_id"])
    request_build(event.workspace_id)
