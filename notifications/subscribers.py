"""Outbox subscribers that plan deliveries; workers send them."""

from __future__ import annotations

from typing import Final

from core.models import OutboxEvent
from core.outbox.events import subscriber
from core.reasons import Reason
from notifications.deliveries.concerned import TOPICS, plan_personal_notice
from notifications.deliveries.invitations import plan_invitations
from notifications.deliveries.planning import Fact, as_payload, plan_event, record_not_notified
from notifications.routes.decision import EVENT_KINDS
from notifications.silences.services.inhibition import plan_review

STAKEHOLDERS_ONLY: Final = frozenset({"incident.noted", "incident.entry_amended"})


@subscriber("notifications", topics=tuple(EVENT_KINDS))
def plan_deliveries(event: OutboxEvent) -> None:
    """Plan one delivery per destination named by the routes. Idempotent."""
    payload = as_payload(event.topic, event.payload, event.pk)
    fact = Fact(event.workspace_id, f"outbox:{event.pk}", event.topic, payload)
    if not fact.snapshot:
        record_not_notified(fact, Reason.INCIDENT_GONE)
    elif event.topic in STAKEHOLDERS_ONLY and not event.payload.get("is_public"):
        record_not_notified(fact, Reason.NOT_PUBLIC)
    else:
        plan_event(fact)


@subscriber("concerned", topics=TOPICS)
def notify_person_concerned(event: OutboxEvent) -> None:
    """Plan a notice to who was given or offered a role, or is responsible for a deadline. Idempotent."""
    plan_personal_notice(event)


@subscriber("drill_invitations", topics=("drill.planned",))
def invite_to_drill(event: OutboxEvent) -> None:
    """Plan a notice to each drill channel. Idempotent."""
    plan_invitations(event.workspace_id, event.payload, event_key=f"outbox:{event.pk}")


@subscriber("inhibition", topics=("incident.resolved", "incident.severity_changed", "incident.changed"))
def review_inhibited(event: OutboxEvent) -> None:
    """Plan a review of what the incident inhibits, when it is resolved or may be less severe."""
    plan_review(event.workspace_id, event.payload["incident_id"], event_key=f"outbox:{event.pk}")
