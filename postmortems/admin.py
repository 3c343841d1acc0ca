"""Read-only admin of postmortems; only the status of action items can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from core.admin.base import LargeTableAdmin, ReadOnly, one_of
from postmortems.action_items.models import ActionItem, ItemKind, ItemStatus
from postmortems.action_items.services import update_item
from postmortems.fix_watch.models import FixWatch
from postmortems.learning.models import Lesson, Priority
from postmortems.models import (
    MeetingMail,
    OverdueDigest,
    Postmortem,
    Reminder,
    SectionText,
    Tracker,
)


@admin.register(Postmortem)
class PostmortemAdmin(ReadOnly):
    list_display = ("title", "workspace", "incident", "status", "owner", "revision", "published_at")
    list_filter = (one_of("status", "draft", "in_review", "published"),)
    list_select_related = ("workspace", "incident", "owner")
    search_fields = ("title",)


@admin.register(SectionText)
class SectionTextAdmin(LargeTableAdmin):
    list_display = ("section", "version", "revision", "workspace")
    list_select_related = ("section", "revision", "workspace")


@admin.register(Lesson)
class LessonAdmin(ReadOnly):
    list_display = ("lesson", "workspace", "incident", "priority", "category")
    list_filter = (one_of("priority", *Priority.values),)
    list_select_related = ("workspace", "incident")
    search_fields = ("lesson",)


@admin.register(ActionItem)
class ActionItemAdmin(ServiceAdmin):
    editable = ("status", "priority", "kind", "due_date")
    list_display = (
        "reference",
        "title",
        "workspace",
        "incident",
        "assignee",
        "status",
        "priority",
        "due_date",
    )
    list_filter = (
        one_of("status", *ItemStatus.values),
        one_of("priority", *Priority.values),
        one_of("kind", *ItemKind.values),
    )
    list_select_related = ("workspace", "incident", "assignee")
    search_fields = ("title",)

    def apply(self, actor: Actor, thing: ActionItem, changes: Mapping[str, Any]) -> None:
        """Change its status. Raises Invalid."""
        update_item(actor, thing.number, **changes)


@admin.register(FixWatch)
class FixWatchAdmin(ReadOnly):
    list_display = ("item", "workspace", "verdict", "starts_at", "ends_at")
    list_filter = (one_of("verdict", *FixWatch.Verdict.values),)
    list_select_related = ("workspace", "item")


@admin.register(Reminder)
class ReminderAdmin(LargeTableAdmin):
    list_display = ("item", "workspace", "kind", "due_date", "due_at", "state")
    list_select_related = ("workspace", "item")


@admin.register(OverdueDigest)
class OverdueDigestAdmin(LargeTableAdmin):
    list_display = ("week", "workspace", "due_at", "state")
    list_select_related = ("workspace",)


@admin.register(MeetingMail)
class MeetingMailAdmin(LargeTableAdmin):
    list_display = ("postmortem", "workspace", "user", "method", "sequence", "was_sent", "state")
    list_select_related = ("workspace", "postmortem", "user")


@admin.register(Tracker)
class TrackerAdmin(ReadOnly):
    list_display = ("name", "workspace", "last_received_at", "last_refused_at")
    list_select_related = ("workspace",)
    exclude = ("sealed_secret", "key")
