"""Admin of the outbox: pending and dead dispatches, and resending them."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin.base import LargeTableAdmin, ReadOnly
from core.models import OutboxDispatch, OutboxEvent
from core.outbox.relay import send_again

if admin.site.is_registered(Group):
    admin.site.unregister(Group)  # roles are memberships here, so groups would grant nothing


@admin.register(OutboxDispatch)
class OutboxDispatchAdmin(LargeTableAdmin):
    """Read-only except for resending dead dispatches."""

    list_display = ("id", "subscriber", "event", "state", "attempts", "due_at", "settled_at", "last_error")
    list_filter = ("state",)
    list_select_related = ("event",)
    search_fields = ("=subscriber",)
    actions = ("send_chosen_again",)

    @admin.action(description="Resend dead letters", permissions=["view"])
    def send_chosen_again(self, request: HttpRequest, chosen: QuerySet[OutboxDispatch]) -> None:
        """Make the chosen dead dispatches due now."""
        count = send_again(list(chosen.values_list("pk", flat=True)))
        self.message_user(request, f"{count} will be resent; the others were not dead letters.")


@admin.register(OutboxEvent)
class OutboxEventAdmin(LargeTableAdmin):
    list_display = ("id", "topic", "workspace_id", "created_at")
    search_fields = ("=topic", "=id")


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnly):
    """Changes made in the admin; the audit trail contains the same and more."""

    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag", "change_message")
    list_filter = ("action_flag",)
    list_select_related = ("user", "content_type")
