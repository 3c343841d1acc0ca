"""Health checks of notifications."""

from __future__ import annotations

from core.health.checks import CheckResult, health_check
from notifications.channels.selectors import count_broken


@health_check("channels", "Notification channels", asks="database")
def _channels() -> CheckResult:
    broken, first = count_broken()
    if not broken:
        return CheckResult("ok", "no channel is broken")
    names = f"{first} is" if broken == 1 else f"{first} and {broken - 1} more are"
    return CheckResult("warn", f"{names} broken", "Look at Settings → Channels; deliveries wait meanwhile.")
