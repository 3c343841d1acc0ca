"""Watchdog of escalations: a health check with one indexed query."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.db.models.functions import Now

from core.health.checks import CheckResult, health_check
from notifications.escalation.models import Escalation

LATE_AFTER: Final = timedelta(seconds=30)


@health_check("escalation", "Escalation of incidents", asks="database")
def _escalation() -> CheckResult:
    waiting = Escalation.across_workspaces.filter(state="pending", due_at__lt=Now() - LATE_AFTER)
    late = waiting.filter(Q(lease_until=None) | Q(lease_until__lt=Now())).order_by("due_at")
    first = late.first()
    if first is not None:
        advice = "Start the worker detection. Steps that are due run when it is back."
        return CheckResult("warn", f"{late.count()} escalations are late", advice, first.due_at)
    running = Escalation.across_workspaces.filter(state="pending", reaches_nobody=True)
    if running.exists():
        advice = "Open Settings, Escalation policies, and give each step a target."
        return CheckResult("warn", "an escalation reaches nobody but the admins", advice)
    return CheckResult("ok", "no escalation is late")
