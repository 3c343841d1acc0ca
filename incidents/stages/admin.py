"""Stage templates in Django's admin, changed through their service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from incidents.models import StageTemplate
from incidents.stages.services.checklists import change_template
from incidents.stages.standard import Item
from incidents.validation import invalid


@admin.register(StageTemplate)
class StageTemplateAdmin(ServiceAdmin):
    editable = ("from_minutes", "to_minutes", "items")
    list_display = ("workspace", "stage", "incident_type", "from_minutes", "to_minutes")
    list_filter = ("workspace", "stage", "incident_type")
    list_select_related = ("workspace",)

    def apply(self, actor: Actor, thing: StageTemplate, changes: Mapping[str, Any]) -> None:
        """Replace the checklist and the planned minutes. Raises Invalid."""
        change_template(
            actor, stage=thing.stage, incident_type=thing.incident_type, from_minutes=thing.from_minutes,
            to_minutes=thing.to_minutes, items=_items(thing.items),
        )  # fmt: skip


def _items(stored: Any) -> list[Item]:
    """Return the items for the service. Raises Invalid."""
    known = {"text", "kind", "is_required", "criterion"}
    if not isinstance(stored, list) or any(
        not isinstance(one, dict) or not isinstance(one.get("text"), str) or one.keys() - known
        for one in stored
    ):
        raise invalid("items", "type", f"must be a list of objects with text and any of {sorted(known)}")
    return [
        Item(
            one["text"], one.get("kind", "action"), bool(one.get("is_required", False)),
            str(one.get("criterion", "")),
        )
        for one in stored
    ]  # fmt: skip
