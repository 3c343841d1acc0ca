"""Admin of routes; changes go through the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from notifications.routes.models import Route
from notifications.routes.services import RouteValues, save_route


@admin.register(Route)
class RouteAdmin(ServiceAdmin):
    editable = (
        "name", "severities", "types", "components", "event_kinds", "label", "kinds", "channels",
        "is_enabled",
    )  # fmt: skip
    list_display = ("name", "workspace", "position", "severities", "is_enabled")
    list_filter = ("workspace", "is_enabled")
    search_fields = ("name", "label")
    list_select_related = ("workspace",)

    def apply(self, actor: Actor, thing: Route, changes: Mapping[str, Any]) -> None:
        """Change the route. Raises Invalid."""
        channels = changes.get("channels")
        channels_after = thing.channels.all() if channels is None else channels
        same = {name: getattr(thing, name) for name in self.editable if name != "channels"}
        values = RouteValues(**same, channel_ids=[one.pk for one in channels_after])
        save_route(actor, values, route_id=thing.pk)
