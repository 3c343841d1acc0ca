"""Outbox subscriber that plans analyses. Only rows are written."""

from __future__ import annotations

from typing import Final

from core.models import OutboxEvent
from core.outbox.events import subscriber
from detection.analysis.services.planning import plan_analysis

TOPICS: Final = (
    "incident.opened", "incident.grew", "incident.evidence_recorded", "incident.signalled",
    "incident.changed", "incident.resolved", "incident.reopened",
)  # fmt: skip


@subscriber("analysis", topics=TOPICS)
def analyse_again(event: OutboxEvent) -> None:
    """Plan the analysis of the event's incident."""
    plan_analysis(event.workspace_id, event.payload["incident_id"])
