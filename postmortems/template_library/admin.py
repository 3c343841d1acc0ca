"""Admin of postmortem templates; changes go through the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from postmortems.template_library.models import PostmortemTemplate
from postmortems.template_library.selectors import template_sections
from postmortems.template_library.services import update_template

PARTS = ("key", "title", "style", "has_text", "help_text", "starter", "is_required", "audience")


@admin.register(PostmortemTemplate)
class PostmortemTemplateAdmin(ServiceAdmin):
    """Postmortem templates; sections are edited on the template's page."""

    editable = ("name", "header", "footer", "has_dividers", "is_strict")
    list_display = ("name", "workspace", "kind", "is_default", "version", "archived_at")
    list_filter = ("workspace", "kind", "is_default")
    search_fields = ("name", "slug", "header", "footer")
    list_select_related = ("workspace",)

    def apply(self, actor: Actor, thing: PostmortemTemplate, changes: Mapping[str, Any]) -> None:
        """Update the settings; the sections stay. Raises Invalid."""
        sections = [{name: getattr(one, name) for name in PARTS} for one in template_sections(thing)]
        update_template(actor, template_id=thing.pk, version=None, sections=sections, **changes)
