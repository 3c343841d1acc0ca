"""Facts about incidents that rooms and announcements show. Only rows are written."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from warroom.rooms.services.following import follow_incident

TOPICS = (
    "incident.opened", "incident.changed", "incident.acknowledged", "incident.unacknowledged",
    "incident.status_changed", "incident.reopened", "incident.closed", "incident.stage_changed",
    "incident.severity_changed", "incident.role_assigned", "incident.noted", "sla.breached",
    "incident.privacy_changed",
)  # fmt: skip


@subscriber("warroom", topics=TOPICS)
def follow(event: OutboxEvent) -> None:
    """Plan what the fact changes in Slack. Idempotent."""
    follow_incident(event.workspace_id, event.topic, event.payload)
