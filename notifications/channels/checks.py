"""Health checks of notifications."""

from __future__ import annotations

from core.health.checks import CheckResult, health_check
from notifications.channels.selectors import broken_channels


@health_check("channels", "Notification channels", requires="database")
def _channels() -> CheckResult:
    broken = broken_channels()
    if not broken:
        return CheckResult("ok", "no channel is broken")
    first = broken[0].name
    names = f"{first} is" if len(broken) == 1 else f"{first} and {len(broken) - 1} more are"
    since = min((one.failing_since for one in broken if one.failing_since), default=None)
    advice = "Open Settings, Channels: the reason is there. Deliveries wait meanwhile."
    concerned = frozenset(one.workspace_id for one in broken)
    return CheckResult("warn", f"{names} broken", advice, since, concerned)
