"""Plans deliveries for what happens to incidents; the workers send them."""

from __future__ import annotations

from typing import Final

from core.models import OutboxEvent
from core.outbox.events import subscriber
from notifications.deliveries.planning import Fact, as_payload, plan_event
from notifications.routes.decision import EVENT_KINDS

STAKEHOLDERS_ONLY: Final = frozenset({"incident.noted", "incident.entry_amended"})


@subscriber("notifications", topics=tuple(EVENT_KINDS))
def plan_deliveries(event: OutboxEvent) -> None:
    """One delivery for each destination the routes name; a repeat plans nothing new."""
    if event.payload.get("snapshot") is None:
        return
    if event.topic in STAKEHOLDERS_ONLY and not event.payload.get("is_public"):
        return
    payload = as_payload(event.topic, event.payload, event.pk)
    plan_event(Fact(event.workspace_id, f"outbox:{event.pk}", event.topic, payload))
