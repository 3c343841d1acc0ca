"""Watchdog of escalations, and the check that policies reach someone for the next 14 days."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import lru_cache
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import OnCallSchedule
from core.health.checks import CheckResult, health_check
from notifications.escalation.models import Escalation, EscalationPolicy
from notifications.escalation.reachability_selectors import inputs_fingerprint, reports_of

LATE_AFTER: Final = timedelta(seconds=30)
WALK_EVERY_S: Final = 60
MAX_WORKSPACES: Final = 50


def _is_set_up() -> Exists:
    """Whether the workspace has an on-call schedule; without one it is an onboarding step, not a fault."""
    rotas = OnCallSchedule.across_workspaces.filter(workspace_id=OuterRef("workspace_id"))
    return Exists(rotas)


def late_escalations() -> QuerySet[Escalation]:
    """Unclaimed escalations overdue by more than 30 s, longest first."""
    waiting = Escalation.across_workspaces.filter(state="pending", due_at__lt=Now() - LATE_AFTER)
    return waiting.filter(Q(lease_until=None) | Q(lease_until__lt=Now())).order_by("due_at")


@health_check("escalation", "Escalation of incidents", requires="database")
def _escalation() -> CheckResult:
    late = late_escalations()
    first = late.first()
    if first is not None:
        advice = "Start the outbound worker. Due steps run when it is back."
        return CheckResult("warn", f"{late.count()} escalations are late", advice, first.due_at)
    running = Escalation.across_workspaces.filter(state="pending", reaches_no_one=True)
    concerned = frozenset(running.filter(_is_set_up()).values_list("workspace_id", flat=True)[:1000])
    if concerned:
        advice = "Open Settings, Escalation policies, and give each step a target."
        return CheckResult("warn", "an escalation policy reaches only the admins", advice, None, concerned)
    return CheckResult("ok", "no escalation is late")


@health_check("reachability", "Reachability of people on call", requires="database")
def _reachability() -> CheckResult:
    """Check 14 days of each policy after a change, and every minute; otherwise return the last result."""
    return _walked(inputs_fingerprint(), int(time.monotonic() // WALK_EVERY_S))


@lru_cache(maxsize=1)
def _walked(inputs: str, turn: int) -> CheckResult:
    policies = EscalationPolicy.across_workspaces.filter(_is_set_up(), is_enabled=True)
    workspaces = policies.order_by("workspace_id").values_list("workspace_id", flat=True).distinct()
    now, walked = timezone.now(), list(workspaces[:MAX_WORKSPACES])
    holes = [(pk, one.name) for pk in walked for one in reports_of(pk, now=now) if one.holes]
    if holes:
        advice = "Open On call, Reachability: it lists the times and what is missing."
        detail = f"{len(holes)} policies sometimes reach no one, such as {holes[0][1]}"
        return CheckResult("warn", detail, advice, None, frozenset(pk for pk, _ in holes))
    return CheckResult("ok", "every policy reaches someone for the next 14 days")
