"""Sources in Django's admin, changed through their service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from detection.models import Source
from detection.sources.services.sources import update_source


@admin.register(Source)
class SourceAdmin(ServiceAdmin):
    """Sources; keys and signing secrets are created and revoked on the source's page only."""

    editable = ("name", "enabled", "opens_incidents", "default_severity", "reopen_minutes", "mapping")
    list_display = (
        "name",
        "kind",
        "workspace",
        "enabled",
        "opens_incidents",
        "last_seen_at",
        "last_error",
    )
    list_filter = ("workspace", "enabled", "opens_incidents", "default_severity")
    search_fields = ("name", "kind", "last_error")
    list_select_related = ("workspace",)

    def apply(self, actor: Actor, thing: Source, changes: Mapping[str, Any]) -> None:
        """Update the source."""
        update_source(actor, source_id=thing.pk, **changes)
