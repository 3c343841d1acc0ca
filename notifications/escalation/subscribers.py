"""Outbox subscribers that start, hold or resume escalations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from core.models import OutboxEvent
from core.outbox.events import subscriber
from notifications.escalation.services.running import (
    acknowledge_escalation,
    revive_escalation,
    start_escalation,
)

REASONS: Final = {
    "incident.opened": "opened",
    "incident.reopened": "reopened",
    "incident.grew": "the incident grew",
    "incident.severity_changed": "the severity got worse",
}


@subscriber("escalation", topics=(*REASONS, "incident.acknowledged", "incident.unacknowledged"))
def follow_incident(event: OutboxEvent) -> None:
    """Start or restart on opening, growth and a worse severity; hold on an acknowledgement, resume when it is
    undone. Idempotent."""
    payload, now = event.payload, timezone.now()
    incident_id: int = payload["incident_id"]
    if event.topic == "incident.acknowledged":
        _acknowledged(event.workspace_id, incident_id, payload.get("actor") or {}, now)
    elif event.topic == "incident.unacknowledged":
        revive_escalation(event.workspace_id, incident_id, event_id=event.pk, now=now)
    elif _starts(event.topic, payload):
        start_escalation(
            event.workspace_id, incident_id, reason=REASONS[event.topic], event_id=event.pk, now=now
        )


def _starts(topic: str, payload: Mapping[str, Any]) -> bool:
    is_worse = topic != "incident.severity_changed" or payload["after"] < payload["before"]
    return topic in REASONS and is_worse


def _acknowledged(workspace_id: int, incident_id: int, actor: Mapping[str, Any], now: datetime) -> None:
    acknowledge_escalation(workspace_id, incident_id, user_id=actor.get("user_id"), now=now)
