"""Outbox subscriber that plans requests to a language model. Only rows are written."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from detection.language_model.services.planning import plan_model_text


@subscriber("language model", topics=("incident.analysed",))
def ask_after_analysis(event: OutboxEvent) -> None:
    """Plan the request about the analysed incident."""
    plan_model_text(event.workspace_id, event.payload["incident_id"])
