"""Read-only admin of deliveries, silences and contact methods."""

from __future__ import annotations

from django.contrib import admin

from core.admin.base import LargeTableAdmin, ReadOnly
from notifications.models import (
    ContactMethod,
    Delivery,
    DeliveryAttempt,
    InhibitionReview,
    MaintenanceWindow,
    QuietHours,
    Release,
    Silence,
    WindowOccurrence,
)


@admin.register(Delivery)
class DeliveryAdmin(LargeTableAdmin):
    list_display = ("id", "label", "event_kind", "incident_number", "outcome", "attempts", "due_at", "reason")
    search_fields = ("=id",)


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(LargeTableAdmin):
    list_display = ("id", "delivery_id", "number", "result", "status", "started_at")
    search_fields = ("=id",)


@admin.register(ContactMethod)
class ContactMethodAdmin(ReadOnly):
    """Addresses are encrypted and left out."""

    list_display = ("user", "kind", "hint", "verified_at")
    list_select_related = ("user",)
    exclude = ("address", "digest", "code_digest")


@admin.register(QuietHours)
class QuietHoursAdmin(ReadOnly):
    list_display = ("user", "quiet_from", "quiet_until")
    list_select_related = ("user",)


@admin.register(Silence)
class SilenceAdmin(ReadOnly):
    list_display = ("reason", "workspace", "owner", "starts_at", "ends_at", "ended_at", "end_reason")
    list_select_related = ("workspace", "owner")


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(ReadOnly):
    list_display = ("name", "workspace", "local_start", "zone", "rule", "archived_at")
    list_select_related = ("workspace",)


@admin.register(WindowOccurrence)
class WindowOccurrenceAdmin(LargeTableAdmin):
    list_display = ("id", "window_id", "starts_at", "ends_at", "ended_at")
    search_fields = ("=id",)


@admin.register(InhibitionReview)
class InhibitionReviewAdmin(LargeTableAdmin):
    list_display = ("id", "parent_id", "due_at", "state")
    search_fields = ("=id",)


@admin.register(Release)
class ReleaseAdmin(LargeTableAdmin):
    list_display = ("id", "muted_by", "after_incident", "due_at", "state")
    search_fields = ("=id",)
