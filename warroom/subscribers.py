"""Outbox subscribers that plan Slack work. Only write rows."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from warroom.rooms.services.following import follow_incident
from warroom.rooms.services.following_others import follow_postmortem, follow_run

TOPICS = (
    "incident.opened", "incident.changed", "incident.acknowledged", "incident.unacknowledged",
    "incident.status_changed", "incident.reopened", "incident.closed", "incident.stage_changed",
    "incident.severity_changed", "incident.role_assigned", "incident.noted", "sla.breached",
    "incident.privacy_changed",
)  # fmt: skip


@subscriber("warroom", topics=TOPICS)
def follow(event: OutboxEvent) -> None:
    """Plan changes in Slack for an event of an incident. Idempotent."""
    follow_incident(event.workspace_id, event.topic, event.payload)


@subscriber("warroom_runs", topics=("remediation.run_changed",))
def follow_runs(event: OutboxEvent) -> None:
    """Ask for approval of runs, and post their outcome. Idempotent."""
    follow_run(event.workspace_id, event.payload)


@subscriber(
    "warroom_postmortems",
    topics=(
        "postmortem.drafted", "postmortem.review_requested", "postmortem.commented", "postmortem.published",
    ),
)  # fmt: skip
def follow_postmortems(event: OutboxEvent) -> None:
    """Bookmark the postmortem and post its changes. Idempotent."""
    follow_postmortem(event.workspace_id, event.topic, event.payload, event.pk)
