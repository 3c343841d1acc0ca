"""Components in Django's admin, changed through their service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from core.admin.base import one_of
from incidents.components.services.editing import edit_component
from incidents.models import Component


@admin.register(Component)
class ComponentAdmin(ServiceAdmin):
    editable = ("description", "owner", "tier", "runbook_url", "health_url", "schedule", "depends_on")
    list_display = ("name", "workspace", "tier", "owner", "created_at")
    list_filter = ("workspace", one_of("tier", "1", "2", "3", "4", "5"))
    search_fields = ("name", "description")
    list_select_related = ("workspace", "owner")

    def apply(self, actor: Actor, thing: Component, changes: Mapping[str, Any]) -> None:
        """Edit the component through the service."""
        wanted = dict(changes)
        if "owner" in wanted:
            wanted["owner"] = wanted["owner"].username if wanted["owner"] else None
        if "schedule" in wanted:
            schedule = wanted.pop("schedule")
            wanted["schedule_id"] = schedule.pk if schedule else None
        if "depends_on" in wanted:
            wanted["depends_on"] = [one.name for one in wanted["depends_on"]]
        edit_component(actor, component_id=thing.pk, wanted=wanted)
