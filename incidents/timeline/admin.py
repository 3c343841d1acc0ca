"""Templates of stakeholder updates in Django's admin, changed through their service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from incidents.models import StoredUpdateTemplate
from incidents.timeline.services.templates import change_update_template


@admin.register(StoredUpdateTemplate)
class StoredUpdateTemplateAdmin(ServiceAdmin):
    """Stakeholder update templates that a workspace changed."""

    editable = ("label", "text")
    list_display = ("label", "name", "workspace")
    list_filter = ("workspace",)
    search_fields = ("label", "name", "text")
    list_select_related = ("workspace",)

    def apply(self, actor: Actor, thing: StoredUpdateTemplate, changes: Mapping[str, Any]) -> None:
        """Set label and text; the default values delete the row."""
        change_update_template(actor, name=thing.name, label=thing.label, text=thing.text)
