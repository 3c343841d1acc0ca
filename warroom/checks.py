"""Health check of the connections to Slack."""

from __future__ import annotations

from core.health.checks import CheckResult, health_check
from warroom.connection.selectors import broken_teams


@health_check("slack", "Slack", asks="database")
def _slack() -> CheckResult:
    broken = broken_teams()
    if not broken:
        return CheckResult("ok", "no connection to Slack is broken")
    first = broken[0]
    more = f" ({len(broken) - 1} more teams as well)" if len(broken) > 1 else ""
    detail = f"the Slack team {first.name or first.slack_id} does not work: {first.reason}{more}"
    return CheckResult("warn", detail, "Look at Settings, Slack. Rooms and messages wait meanwhile.")
