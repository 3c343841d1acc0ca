"""Rules and findings in Django's admin, for looking; changes go through the services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from detection.models import DetectionRule, Finding

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
else:  # generic for the type checker only
    Admin = admin.ModelAdmin


class ReadOnly(Admin):
    """Shows rows; a change here would leave no audit row."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(DetectionRule)
class DetectionRuleAdmin(ReadOnly):
    list_display = ("rule_id", "workspace", "incident_type", "severity", "enabled", "dry_run")
    list_filter = ("workspace", "enabled", "dry_run", "incident_type")
    search_fields = ("rule_id", "name")


@admin.register(Finding)
class FindingAdmin(ReadOnly):
    list_display = ("rule", "group_key", "outcome", "event_count", "found_at")
    list_filter = ("workspace", "outcome")
