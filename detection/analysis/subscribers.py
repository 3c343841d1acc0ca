"""Outbox subscriber that plans analyses. Only rows are written."""

from __future__ import annotations

from typing import Final

from core.models import OutboxEvent
from core.outbox.events import subscriber
from detection.analysis.services.planning import plan_after_growth, plan_analysis

TOPICS: Final = (
    "incident.opened", "incident.grew", "incident.evidence_recorded", "incident.signalled",
    "incident.changed", "incident.resolved", "incident.reopened",
)  # fmt: skip


@subscriber("analysis", topics=TOPICS)
def analyse_again(event: OutboxEvent) -> None:
    """Plan the analysis of the event's incident."""
    plan = plan_after_growth if event.topic == "incident.evidence_recorded" else plan_analysis
    plan(event.workspace_id, event.payload["incident_id"])
