"""Incidents in Django's admin: for looking. Changes go through the services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from incidents.models import (
    AffectedComponent,
    Component,
    Incident,
    IncidentCounter,
    IncidentSignal,
    RoleAssignment,
    SlaPolicy,
    TimelineEntry,
)

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
else:  # generic for the type checker only
    Admin = admin.ModelAdmin


class Cheap(Admin):
    """Pages that count no rows."""

    show_full_result_count = False
    list_per_page = 50


class ReadOnly(Cheap):
    """For looking: state changes through the services, which tell the timeline and the audit log."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = (
        "reference",
        "title",
        "workspace",
        "severity",
        "status",
        "stage",
        "event_count",
        "detected_at",
    )
    list_filter = ("workspace", "severity", "status", "incident_type", "source", "is_drill")
    search_fields = ("=number", "title")
    list_select_related = ("workspace",)
    ordering = ("-detected_at", "-id")


@admin.register(TimelineEntry)
class TimelineEntryAdmin(ReadOnly):
    list_display = ("occurred_at", "incident", "kind", "author_label", "is_public", "message")
    list_filter = ("workspace", "kind", "is_public")
    search_fields = ("=incident__number", "author_label")
    list_select_related = ("incident",)
    ordering = ("-id",)


@admin.register(IncidentSignal)
class IncidentSignalAdmin(ReadOnly):
    list_display = ("incident", "reporter", "fingerprint", "first_at", "last_at")
    list_filter = ("workspace",)
    search_fields = ("reporter", "=fingerprint", "=incident__number")
    list_select_related = ("incident",)
    ordering = ("-id",)


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(ReadOnly):
    list_display = ("incident", "role", "user", "assigned_at", "ended_at")
    list_filter = ("workspace", "role", ("ended_at", admin.EmptyFieldListFilter))
    search_fields = ("=incident__number", "user__username")
    list_select_related = ("incident", "user")
    ordering = ("-id",)


@admin.register(AffectedComponent)
class AffectedComponentAdmin(ReadOnly):
    list_display = ("incident", "component", "impact")
    list_filter = ("workspace", "impact")
    search_fields = ("=incident__number", "component__name")
    list_select_related = ("incident", "component")
    ordering = ("-id",)


@admin.register(IncidentCounter)
class IncidentCounterAdmin(ReadOnly):
    list_display = ("workspace", "last_number")
    list_select_related = ("workspace",)


@admin.register(Component)
class ComponentAdmin(ReadOnly):
    list_display = ("name", "workspace", "tier", "owner", "created_at")
    list_filter = ("workspace", "tier")
    search_fields = ("name",)
    list_select_related = ("workspace", "owner")


@admin.register(SlaPolicy)
class SlaPolicyAdmin(ReadOnly):
    list_display = ("workspace", "severity", "acknowledge_within", "update_every", "resolve_within")
    list_filter = ("workspace", "severity")
    list_select_related = ("workspace",)
