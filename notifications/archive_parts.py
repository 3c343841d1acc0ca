"""Deliveries of an incident, for its archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.queue.models import WorkItem
from incidents.archive.parts import OBSTACLES, Part, add_parts
from notifications.models import Delivery

add_parts(Part("delivery", "notifications_delivery"), Part("escalation", "notifications_escalation"))


@OBSTACLES.register("deliveries")
def waiting_deliveries(workspace_id: int, ids: Sequence[int], now: datetime) -> Mapping[int, str]:
    """Incidents with unsent deliveries."""
    rows = Delivery.objects.of(workspace_id).filter(incident_id__in=ids, state=WorkItem.State.PENDING)
    return {
        pk: "a notification is still to be sent" for pk in rows.values_list("incident_id", flat=True) if pk
    }
