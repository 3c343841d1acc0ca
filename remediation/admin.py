"""Read-only admin of remediation; actions are changed on their own page."""

from __future__ import annotations

from django.contrib import admin

from core.admin.base import ReadOnly
from remediation.models import (
    Breaker,
    HealthProbe,
    RecoveryWatch,
    RemediationAction,
    RemediationRun,
    ResponsePolicy,
    RollbackProposal,
    RunApproval,
)


@admin.register(RemediationAction)
class RemediationActionAdmin(ReadOnly):
    """All versions of actions, without secrets."""

    list_display = ("name", "slug", "risk", "executor", "is_current", "is_enabled", "workspace", "created_at")
    list_filter = ("risk", "executor", "is_current", "is_enabled")
    search_fields = ("name", "slug", "when")
    exclude = ("secrets",)


@admin.register(RemediationRun)
class RemediationRunAdmin(ReadOnly):
    """Runs."""

    list_display = (
        "id",
        "action",
        "incident",
        "risk",
        "state",
        "is_automatic",
        "requested_label",
        "created_at",
    )
    list_filter = ("state", "risk", "is_automatic", "is_drill")
    search_fields = ("requested_label", "target_key", "reason")
    list_select_related = ("action", "incident")


@admin.register(RunApproval)
class RunApprovalAdmin(ReadOnly):
    """Approvals of runs."""

    list_display = ("id", "run", "approver", "verdict", "is_on_call", "via", "created_at")
    list_filter = ("verdict", "is_on_call")
    search_fields = ("note", "approver__username")
    list_select_related = ("run", "approver")


@admin.register(Breaker)
class BreakerAdmin(ReadOnly):
    """Circuit breakers of automatic runs."""

    list_display = ("action_slug", "state", "reason", "opened_at", "workspace")
    list_filter = ("state",)
    search_fields = ("action_slug", "reason")


@admin.register(RecoveryWatch)
class RecoveryWatchAdmin(ReadOnly):
    """Incidents whose exit criteria are evaluated."""

    list_display = ("incident", "state", "since", "enters", "due_at", "last_error")
    list_filter = ("state",)
    list_select_related = ("incident",)


@admin.register(HealthProbe)
class HealthProbeAdmin(ReadOnly):
    """Health checks of components of watched incidents."""

    list_display = ("component", "incident", "state", "passes", "failure", "checked_at")
    list_filter = ("state",)
    list_select_related = ("incident", "component")


@admin.register(RollbackProposal)
class RollbackProposalAdmin(ReadOnly):
    """Runs whose rollback will be proposed."""

    list_display = ("run", "state", "due_at", "last_error")
    list_filter = ("state",)


@admin.register(ResponsePolicy)
class ResponsePolicyAdmin(ReadOnly):
    """Response policies; changed on their own page."""

    list_display = ("workspace", "auto_start", "auto_resolve", "recovery_window_s")
