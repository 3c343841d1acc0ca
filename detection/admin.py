"""Read-only Django admin of findings and events; rules and sources have modules of their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.workspaces.admin_search import IncidentRowsAdmin, in_all_workspaces
from core.admin.base import ReadOnly
from detection.models import (
    Event,
    Finding,
    Heartbeat,
    HeartbeatWatch,
    IncidentEvent,
    ModelRequest,
    SourceSecret,
)


@admin.register(Finding)
class FindingAdmin(IncidentRowsAdmin):
    list_display = ("found_at", "rule", "group_key", "outcome", "event_count", "incident")
    list_filter = ("workspace", "outcome")
    search_fields = ("=group_key", "=rule__rule_id")
    list_select_related = ("rule", "incident")


@admin.register(ModelRequest)
class ModelRequestAdmin(IncidentRowsAdmin):
    list_display = ("due_at", "incident", "outcome", "last_error")
    list_filter = ("workspace", "outcome")
    list_select_related = ("incident",)


@admin.register(SourceSecret)
class SourceSecretAdmin(ReadOnly):
    """Dates of keys and secrets; the encrypted or hashed values are not shown."""

    list_display = ("id", "source", "purpose", "hint", "created_at", "last_used_at", "revoked_at")
    list_filter = ("workspace", "purpose")
    list_select_related = ("source",)
    exclude = ("sealed", "digest")


class PartitionedAdmin(ReadOnly):
    """Admin of tables whose keys all start with the workspace, which orders and look-ups must use."""

    sortable_by = ()

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return one row by its key, although the URL does not name the workspace."""
        if not (object_id.isascii() and object_id.isdigit() and len(object_id) < 19):
            return None
        return in_all_workspaces(self.get_queryset(request)).filter(pk=int(object_id)).first()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Search by number only; there is no other index."""
        if not search_term.strip().isdecimal():
            return (queryset.none() if search_term.strip() else queryset), False
        number = int(search_term.strip()[:18])
        return in_all_workspaces(queryset).filter(**{self.number_field: number}), False

    number_field = "pk"


@admin.register(Event)
class EventAdmin(PartitionedAdmin):
    list_display = (
        "id", "workspace_id", "received_at", "source", "level", "event_type", "message", "is_late",
    )  # fmt: skip
    search_fields = ("=id",)
    search_help_text = "The number of an event"
    ordering = ("-workspace_id", "-id")


@admin.register(IncidentEvent)
class IncidentEventAdmin(PartitionedAdmin):
    list_display = ("event_id", "workspace_id", "incident_id", "occurred_at")
    search_fields = ("=incident_id",)
    search_help_text = "The key of an incident"
    ordering = ("-workspace_id", "-event_id")
    number_field = "incident_id"


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly):
    """Heartbeats, without their keys."""

    list_display = ("name", "workspace", "component", "status", "last_beat_at", "due_at")
    list_select_related = ("workspace",)
    exclude = ("sealed", "digest")


@admin.register(HeartbeatWatch)
class HeartbeatWatchAdmin(ReadOnly):
    list_display = ("workspace", "looked_at", "due_at")
    list_select_related = ("workspace",)
