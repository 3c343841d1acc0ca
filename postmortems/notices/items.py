"""Plans notifications of action items to channels, by the routes."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from core.models import OutboxEvent
from notifications.deliveries.planning import Fact, as_payload, plan_event
from notifications.deliveries.snapshot import snapshot_of
from postmortems.action_items.models import ActionItem
from postmortems.action_items.rendering import item_json


def plan_item_notice(event: OutboxEvent) -> None:
    """Plan one delivery per channel routed for action items; none for drills. Idempotent.

    `details.item` is the current item in the format of the API.
    """
    rows = ActionItem.objects.of(event.workspace_id).filter(pk=event.payload["item_id"])
    item = rows.select_related("incident", "assignee").first()
    if item is None or item.incident.is_drill or item.incident.is_private:
        return
    kind = "action_item.created" if item.version == 1 else "action_item.changed"
    url = f"{settings.BASE_URL}/action-items/{item.reference}"
    snapshot = snapshot_of(event.workspace_id, item.incident_id) | {"url": url}
    details: dict[str, Any] = {
        "item": json.loads(json.dumps(item_json(item), cls=DjangoJSONEncoder)),
        "lines": [f"{item.reference} {item.title}: {item.get_status_display()}"],
    }
    sent = as_payload(kind, {"snapshot": snapshot, **details}, event.pk)
    plan_event(Fact(event.workspace_id, f"outbox:{event.pk}", kind, sent))
