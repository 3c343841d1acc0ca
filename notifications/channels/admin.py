"""Admin of channels; changes go through the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from incidents.validation import invalid
from notifications.channels.models import Channel
from notifications.channels.services import update_channel


@admin.register(Channel)
class ChannelAdmin(ServiceAdmin):
    """Channels without their secrets."""

    editable = ("name", "config", "fallback", "is_enabled", "is_for_drills")
    list_display = ("name", "kind", "workspace", "state", "is_enabled", "reason", "last_ok_at")
    list_filter = ("workspace", "state", "is_enabled", "is_for_drills")
    search_fields = ("name", "kind", "reason")
    list_select_related = ("workspace",)
    exclude = ("secrets",)

    def apply(self, actor: Actor, thing: Channel, changes: Mapping[str, Any]) -> None:
        """Update the channel. Raises Invalid."""
        wanted, config = dict(changes), changes.get("config", {})
        if not isinstance(config, dict) or not all(isinstance(text, str) for text in config.values()):
            raise invalid("config", "type", "must be an object whose values are texts")
        if "fallback" in wanted:
            fallback = wanted.pop("fallback")
            wanted |= {"fallback_id": fallback.pk if fallback else None, "changes_fallback": True}
        update_channel(actor, channel_id=thing.pk, **wanted)
