"""Read-only admin of escalation policies and escalations."""

from __future__ import annotations

from django.contrib import admin

from accounts.audit.admin_history import AuditedReadOnlyAdmin
from core.admin.base import ReadOnly
from notifications.escalation.models import Escalation, EscalationPolicy, EscalationStep


@admin.register(EscalationPolicy)
class EscalationPolicyAdmin(AuditedReadOnlyAdmin):
    list_display = ("name", "workspace", "severities", "types", "repeat", "is_enabled")
    list_filter = ("workspace",)
    search_fields = ("name",)
    list_select_related = ("workspace",)


@admin.register(EscalationStep)
class EscalationStepAdmin(ReadOnly):
    list_display = ("policy", "position", "wait_s", "targets")
    list_select_related = ("policy",)


@admin.register(Escalation)
class EscalationAdmin(ReadOnly):
    list_display = ("incident", "phase", "generation", "round", "position", "due_at", "holder")
    list_filter = ("workspace", "phase")
    list_select_related = ("incident", "holder")
