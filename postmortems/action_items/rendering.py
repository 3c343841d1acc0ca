"""Action items as JSON: one shape for the API and exports."""

from __future__ import annotations

from typing import Any

from postmortems.action_items.models import ActionItem


def item_json(item: ActionItem) -> dict[str, Any]:
    """The fields of `schemas.ActionItemOut`."""
    names = (
        "number", "title", "description", "status", "priority", "kind", "due_date", "completed_at",
        "cancelled_reason", "outside_url", "outside_system", "outside_state",
        "reopened_reason", "reopened_count", "version", "created_at", "updated_at",
    )  # fmt: skip
    return {name: getattr(item, name) for name in names} | {
        "id": item.reference,
        "incident_id": item.incident.reference,
        "assignee": item.assignee.username if item.assignee else None,
    }
