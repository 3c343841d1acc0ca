"""Health checks of on-call: gaps in schedules, and calendars that cannot be imported."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import OnCallSchedule, OnCallShift
from core.health.checks import CheckResult, health_check

FAILING_FOR: Final = timedelta(minutes=30)


@health_check("on-call calendars", "Imported on-call calendars", requires="database")
def _imports() -> CheckResult:
    since = timezone.now() - FAILING_FOR
    failing = OnCallSchedule.across_workspaces.filter(failing_since__lt=since).order_by("failing_since")
    count, first = failing.count(), failing.first()
    if first is None:
        return CheckResult("ok", "all calendars are imported")
    advice = "Open Settings, On-call schedules. The shifts of the last successful import stay until they end."
    return CheckResult(
        "warn", f"{count} cannot be imported, such as {first.name}", advice, first.failing_since
    )


@health_check("on-call coverage", "On-call coverage", requires="database")
def _coverage() -> CheckResult:
    now = timezone.now()
    running = OnCallShift.across_workspaces.filter(
        schedule_id=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now, user__is_active=True
    )
    used = OnCallSchedule.across_workspaces.filter(filled_until__isnull=False)
    empty = used.filter(~Exists(running)).order_by("pk")
    count, first = empty.count(), empty.first()
    if first is None:
        return CheckResult("ok", "every schedule has someone on call")
    advice = "Open On call and add people to the layers, or an override."
    return CheckResult("warn", f"no one is on call in {count} schedules, such as {first.name}", advice)
