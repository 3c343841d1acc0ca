"""Rules in Django's admin, changed through their service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin

from accounts.actor import Actor
from accounts.audit.admin_editing import ServiceAdmin
from detection.models import DetectionRule, Level
from detection.rules.services.rules import update_rule


@admin.register(DetectionRule)
class DetectionRuleAdmin(ServiceAdmin):
    editable = (
        "name", "description", "incident_type", "severity", "event_types", "minimum_level", "sources",
        "message_pattern", "group_by", "error_threshold", "time_window_seconds", "check_interval_seconds",
        "require_consecutive", "min_components_affected", "cooldown_seconds", "enabled", "dry_run",
    )  # fmt: skip
    list_display = (
        "rule_id", "name", "workspace", "incident_type", "severity", "enabled", "dry_run", "version",
    )  # fmt: skip
    list_filter = ("workspace", "enabled", "dry_run", "is_builtin", "severity", "incident_type")
    search_fields = ("rule_id", "name", "description")
    list_select_related = ("workspace",)

    def apply(self, actor: Actor, thing: DetectionRule, changes: Mapping[str, Any]) -> None:
        """Update the rule; ingest applies it at once."""
        fields = dict(changes)
        if "minimum_level" in fields:
            fields["minimum_level"] = Level(fields["minimum_level"]).label
        update_rule(actor, rule_id=thing.rule_id, fields=fields)
