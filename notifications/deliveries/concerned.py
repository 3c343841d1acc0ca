"""Plans notices to the one person whom an event of an incident concerns: a role, an offer, a deadline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.models import OutboxEvent
from core.queue.models import Priority
from incidents.models import Incident
from incidents.vocabulary import ResponseRole, Severity
from notifications.deliveries.planning import as_payload, plan_page

# At these severities what cannot wait is a page; everything else is a notice, held in quiet hours.
_URGENT: Final = (Severity.SEV1, Severity.SEV2)
_PERSON: Final = {
    "incident.role_assigned": ("user_id", "Was given a role"),
    "incident.role_offered": ("to_user_id", "Was offered a role"),
    "incident.role_offer_ended": ("from_user_id", "Offered a role"),
    "sla.warned": ("recipient_id", "Is responsible for the deadline"),
    "sla.breached": ("recipient_id", "Is responsible for the deadline"),
}
TOPICS: Final = tuple(_PERSON)


def plan_personal_notice(event: OutboxEvent) -> int:
    """Plan a notice to the person named by the event, unless they caused it. Idempotent.

    Returns how many deliveries are new.
    """
    field, why = _PERSON[event.topic]
    user_id: int | None = event.payload.get(field)
    if user_id is None or user_id == (event.payload.get("actor") or {}).get("user_id"):
        return 0
    incident = Incident.objects.of(event.workspace_id).filter(pk=event.payload["incident_id"]).first()
    if incident is None:
        return 0
    payload = as_payload(event.topic, event.payload, event.pk)
    payload["details"] = {"message": _message(event.topic, event.payload)}
    return plan_page(
        event.workspace_id, user_id=user_id, event_key=f"concerned:{event.pk}", event_kind=event.topic,
        payload=payload, why=why, priority=_priority(event.topic, incident),
    )  # fmt: skip


def _priority(topic: str, incident: Incident) -> int:
    """A page for an offer, which expires in ten minutes, and for a role in an acknowledged incident.

    Until it is acknowledged the escalation pages, the commander too, and nobody is to be paged twice.
    """
    cannot_wait = topic == "incident.role_offered" or (
        topic == "incident.role_assigned" and incident.acknowledged_at is not None
    )
    return Priority.PAGE if cannot_wait and incident.severity in _URGENT else Priority.NOTICE


def _message(topic: str, payload: Mapping[str, Any]) -> str:
    if topic.startswith("sla."):
        return str(payload.get("message", ""))
    role = ResponseRole(payload["role"]).label.lower()
    if topic == "incident.role_assigned":
        return f"You are {role} now."
    if topic == "incident.role_offered":
        return f"You are offered the role of {role}: accept or decline it on this page within ten minutes."
    return f"Your offer of the role of {role} was {payload.get('answer', 'ended')}."
