"""Postmortems in Django's admin: for looking; the state of action items may be changed here as well."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest

from accounts.actor import Actor
from accounts.models import Role, User
from core.admin.base import Growing, Quick, ReadOnly, one_of
from postmortems.action_items.models import ActionItem, ItemKind, ItemStatus
from postmortems.action_items.services import update_item
from postmortems.fix_watch.models import FixWatch
from postmortems.learning.models import Lesson, Priority
from postmortems.models import (
    MeetingMail,
    OverdueDigest,
    Postmortem,
    PostmortemTemplate,
    Reminder,
    SectionText,
    Tracker,
)

EDITABLE: Final = ("status", "priority", "kind", "due_date")


@admin.register(Postmortem)
class PostmortemAdmin(ReadOnly):
    list_display = ("title", "workspace", "incident", "status", "owner", "revision", "published_at")
    list_filter = (one_of("status", "draft", "in_review", "published"),)
    list_select_related = ("workspace", "incident", "owner")
    search_fields = ("title",)


@admin.register(PostmortemTemplate)
class PostmortemTemplateAdmin(ReadOnly):
    list_display = ("name", "workspace", "kind", "is_default", "version", "archived_at")
    list_select_related = ("workspace",)


@admin.register(SectionText)
class SectionTextAdmin(Growing):
    list_display = ("section", "version", "revision", "workspace")
    list_select_related = ("section", "revision", "workspace")


@admin.register(Lesson)
class LessonAdmin(ReadOnly):
    list_display = ("lesson", "workspace", "incident", "priority", "category")
    list_filter = (one_of("priority", *Priority.values),)
    list_select_related = ("workspace", "incident")
    search_fields = ("lesson",)


@admin.register(ActionItem)
class ActionItemAdmin(Quick):
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
    fields = ("title", "description", "incident", "assignee", *EDITABLE, "completed_at", "version")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Everything but the state."""
        return tuple(name for name in self.fields if name not in EDITABLE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """On the pages of an incident only."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: they are cancelled."""
        return False

    def save_model(self, request: HttpRequest, obj: ActionItem, form: Any, change: bool) -> None:
        """Through the service, with its audit row and facts."""
        user = request.user
        if isinstance(user, User) and form.changed_data:
            actor = Actor(obj.workspace_id, "user", user.label, user_id=user.pk, role=Role.ADMIN)
            update_item(actor, obj.number, **{name: form.cleaned_data[name] for name in form.changed_data})


@admin.register(FixWatch)
class FixWatchAdmin(ReadOnly):
    list_display = ("item", "workspace", "verdict", "starts_at", "ends_at")
    list_filter = (one_of("verdict", *FixWatch.Verdict.values),)
    list_select_related = ("workspace", "item")


@admin.register(Reminder)
class ReminderAdmin(Growing):
    list_display = ("item", "workspace", "kind", "due_date", "due_at", "state")
    list_select_related = ("workspace", "item")


@admin.register(OverdueDigest)
class OverdueDigestAdmin(Growing):
    list_display = ("week", "workspace", "due_at", "state")
    list_select_related = ("workspace",)


@admin.register(MeetingMail)
class MeetingMailAdmin(Growing):
    list_display = ("postmortem", "workspace", "user", "method", "sequence", "was_sent", "state")
    list_select_related = ("workspace", "postmortem", "user")


@admin.register(Tracker)
class TrackerAdmin(ReadOnly):
    list_display = ("name", "workspace", "last_received_at", "last_refused_at")
    list_select_related = ("workspace",)
    exclude = ("sealed_secret", "key")
