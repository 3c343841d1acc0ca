"""On-call schedules in Django's admin, changed through their service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from accounts.models import OnCallSchedule
from accounts.oncall.services.schedules import edit_schedule


@admin.register(OnCallSchedule)
class OnCallScheduleAdmin(ServiceAdmin):
    """On-call schedules; layers, overrides and calendars are changed on the schedule's page only."""

    editable = ("name", "time_zone")
    list_display = ("name", "workspace", "time_zone", "source", "failing_since", "filled_until")
    list_filter = ("workspace", "source")
    search_fields = ("name",)
    list_select_related = ("workspace",)
    exclude = ("sealed_url", "calendar_text")

    def apply(self, actor: Actor, thing: OnCallSchedule, changes: Mapping[str, Any]) -> None:
        """Change its name or time zone; its shifts are recomputed."""
        edit_schedule(actor, schedule_id=thing.pk, name=thing.name, time_zone=thing.time_zone)
