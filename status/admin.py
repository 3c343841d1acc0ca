"""Read-only admin of the status page, without addresses of subscribers."""

from __future__ import annotations

from django.contrib import admin

from core.admin.base import ReadOnly
from status.models import (
    ComponentGroup,
    Maintenance,
    PageBuild,
    PublicComponent,
    PublicIncident,
    PublicWindow,
    Snapshot,
    StateSpan,
    StatusPage,
    Subscriber,
    SubscriberMessage,
)


@admin.register(StatusPage)
class StatusPageAdmin(ReadOnly):
    list_display = ("title", "slug", "workspace", "access", "auto_publish", "is_enabled")
    list_select_related = ("workspace",)
    exclude = ("logo",)


@admin.register(ComponentGroup)
class ComponentGroupAdmin(ReadOnly):
    list_display = ("name", "page", "position")
    list_select_related = ("page",)


@admin.register(PublicComponent)
class PublicComponentAdmin(ReadOnly):
    list_display = ("name", "page", "group", "component", "follows", "manual_state")
    list_select_related = ("page", "group", "component")
    search_fields = ("name",)


@admin.register(StateSpan)
class StateSpanAdmin(ReadOnly):
    list_display = ("component", "state", "starts_at", "ends_at")
    list_filter = ("state",)
    list_select_related = ("component",)


@admin.register(PublicIncident)
class PublicIncidentAdmin(ReadOnly):
    list_display = ("public_id", "incident", "public_title", "published_at", "published_by", "withdrawn_at")
    list_select_related = ("incident",)


@admin.register(Maintenance)
class MaintenanceAdmin(ReadOnly):
    list_display = ("title", "page", "starts_at", "ends_at", "cancelled_at")
    list_select_related = ("page",)


@admin.register(PublicWindow)
class PublicWindowAdmin(ReadOnly):
    list_display = ("public_title", "window", "page")
    list_select_related = ("window", "page")


@admin.register(PageBuild)
class PageBuildAdmin(ReadOnly):
    list_display = ("page", "version", "built_at", "state", "due_at", "last_error")
    list_select_related = ("page",)


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnly):
    list_display = ("form", "page", "content_type", "etag")
    list_select_related = ("page",)
    exclude = ("body", "compressed")


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnly):
    list_display = ("public_id", "page", "kind", "subscriber_state", "confirmed_at")
    list_filter = ("kind", "subscriber_state")
    list_select_related = ("page",)


@admin.register(SubscriberMessage)
class SubscriberMessageAdmin(ReadOnly):
    list_display = ("event_key", "subscriber", "kind", "state", "attempts", "due_at", "last_error")
    list_filter = ("kind", "state")
    list_select_related = ("subscriber",)
