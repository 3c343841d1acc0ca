"""Incidents in Django's admin: for looking. Changes go through the services."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin_history import AuditedReadOnly
from core.admin_base import ReadOnly, one_of
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


@admin.register(Incident)
class IncidentAdmin(AuditedReadOnly):
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


@admin.register(TimelineEntry)
class TimelineEntryAdmin(ReadOnly):
    list_display = ("occurred_at", "incident", "kind", "author_label", "is_public", "message")
    list_filter = ("workspace", "kind", "is_public")
    search_fields = ("=incident__number", "author_label")
    list_select_related = ("incident",)


@admin.register(IncidentSignal)
class IncidentSignalAdmin(ReadOnly):
    list_display = ("incident", "reporter", "fingerprint", "first_at", "last_at")
    list_filter = ("workspace",)
    search_fields = ("reporter", "=fingerprint", "=incident__number")
    list_select_related = ("incident",)


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(ReadOnly):
    list_display = ("incident", "role", "user", "assigned_at", "ended_at")
    list_filter = ("workspace", "role", ("ended_at", admin.EmptyFieldListFilter))
    search_fields = ("=incident__number", "user__username")
    list_select_related = ("incident", "user")


@admin.register(AffectedComponent)
class AffectedComponentAdmin(ReadOnly):
    list_display = ("incident", "component", "impact")
    list_filter = ("workspace", "impact")
    search_fields = ("=incident__number", "component__name")
    list_select_related = ("incident", "component")


@admin.register(IncidentCounter)
class IncidentCounterAdmin(ReadOnly):
    list_display = ("workspace", "last_number")
    list_select_related = ("workspace",)


@admin.register(Component)
class ComponentAdmin(AuditedReadOnly):
    list_display = ("name", "workspace", "tier", "owner", "created_at")
    list_filter = ("workspace", one_of("tier", "1", "2", "3", "4", "5"))
    search_fields = ("name",)
    list_select_related = ("workspace", "owner")


@admin.register(SlaPolicy)
class SlaPolicyAdmin(ReadOnly):
    list_display = ("workspace", "severity", "acknowledge_within", "update_every", "resolve_within")
    list_filter = ("workspace", "severity")
    list_select_related = ("workspace",)
