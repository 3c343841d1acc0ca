"""Outbox subscribers of the status page."""

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
PUBLISH_TOPICS = ("incident.opened", "incident.severity_changed", "incident.changed")


@subscriber("status", topics=TOPICS)
def follow(event: OutboxEvent) -> None:
    """Publish automatically if configured, and request a build. Idempotent."""
    if event.topic in PUBLISH_TOPICS:
        publish_by_rule(event.workspace_id, incident_id=event.payload["incident_id"])
    request_build(event.workspace_id)
