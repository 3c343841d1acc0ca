"""Read-only admin of diagnostic bundles."""

from __future__ import annotations

from django.contrib import admin

from bundles.models import Bundle, BundleAccess
from bundles.records.models import BundleStatus
from core.admin.base import LargeTableAdmin, ReadOnly, one_of


@admin.register(Bundle)
class BundleAdmin(ReadOnly):
    list_display = (
        "file_name",
        "workspace",
        "incident",
        "status",
        "host",
        "size",
        "received_at",
        "expires_at",
    )
    list_filter = (one_of("status", *BundleStatus.values),)
    list_select_related = ("workspace", "incident")
    search_fields = ("summary", "host")


@admin.register(BundleAccess)
class BundleAccessAdmin(LargeTableAdmin):
    list_display = ("who", "what", "detail", "bundle", "at")
    list_select_related = ("bundle",)
