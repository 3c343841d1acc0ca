"""Reads deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import FieldFault, Invalid, NotFound
from core.sql.compiled_queries import compiled
from incidents.privacy.selectors import hidden_from
from notifications.deliveries.models import Delivery, DeliveryAttempt

PAGE_SIZE: Final = 50
MAX_PAGE: Final = 200
MAX_SHOWN_ON_INCIDENT: Final = 10


def deliveries_page(
    actor: Actor,
    *,
    incident_number: int | None = None,
    outcome: str = "",
    channel_id: int | None = None,
    before: str = "",
    limit: int = PAGE_SIZE,
) -> tuple[Sequence[Delivery], str | None]:
    """A page of deliveries, newest first, and the next cursor. Raises Forbidden, Invalid (the filter)."""
    require(actor, Capability.CHANNELS_READ)
    rows = _seen_by(actor).select_related("channel", "user")
    if incident_number is not None:
        rows = rows.filter(incident_number=incident_number)
    if channel_id is not None:
        rows = rows.filter(channel_id=channel_id)
    if outcome:
        if outcome not in Delivery.Outcome.values:
            text = f"must be one of {', '.join(Delivery.Outcome.values)}"
            raise Invalid(f"outcome {text}.", faults=[FieldFault("outcome", "choice", text)])
        rows = rows.filter(outcome=outcome)
    if before:
        rows = rows.filter(pk__lt=_cursor(before))
    size = max(1, min(limit, MAX_PAGE))
    found = list(rows.order_by("-pk")[: size + 1])
    return found[:size], str(found[size - 1].pk) if len(found) > size else None


@compiled(int, int)
def newest_deliveries(workspace_id: int, incident_id: int) -> QuerySet[Delivery]:
    """The newest 11 deliveries of an incident that the caller may see."""
    rows: QuerySet[Delivery] = Delivery.objects.of(workspace_id).filter(incident_id=incident_id)
    return rows.select_related("channel", "user").order_by("-pk")[: MAX_SHOWN_ON_INCIDENT + 1]


def _seen_by(actor: Actor) -> QuerySet[Delivery]:
    rows: QuerySet[Delivery] = Delivery.objects.of(actor.workspace_id)
    return rows.exclude(incident_id__in=hidden_from(actor).values("pk"))


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Invalid("cursor is not valid.", faults=[FieldFault("cursor", "value", "is not valid")])
    return int(text)


def delivery_for(actor: Actor, delivery_id: int) -> Delivery:
    """Raises Forbidden, NotFound."""
    require(actor, Capability.CHANNELS_READ)
    rows = _seen_by(actor).select_related("channel", "user")
    found: Delivery | None = rows.filter(pk=delivery_id).first()
    if found is None:
        raise NotFound("There is no such delivery in this workspace.")
    return found


def attempts_of(delivery: Delivery) -> Sequence[DeliveryAttempt]:
    """The latest 50 attempts."""
    rows = DeliveryAttempt.objects.of(delivery.workspace_id).filter(delivery=delivery)
    return list(rows.order_by("-number")[:50])
