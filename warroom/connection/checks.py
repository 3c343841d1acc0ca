"""Health checks of the connections to Slack."""

from __future__ import annotations

from django.utils import timezone

from core.health.checks import CheckResult, health_check
from warroom.connection.models import SlackTeam
from warroom.connection.selectors import broken_teams, silent_sockets


@health_check("slack", "Slack", requires="database")
def _slack() -> CheckResult:
    broken = broken_teams()
    if not broken:
        return _sockets()
    first = broken[0]
    name, concerned = first.name or first.slack_id, frozenset(team.workspace_id for team in broken)
    more = f" ({len(broken) - 1} more teams as well)" if len(broken) > 1 else ""
    if first.state in (SlackTeam.State.REVOKED, SlackTeam.State.DEGRADED):
        detail = f"the Slack team {name} does not work: {first.reason}{more}"
        advice = "Open Settings, Slack. Rooms and messages are queued meanwhile."
    else:
        detail = f"incidents are not announced in the Slack team {name}: {first.announce_fault}{more}"
        advice = "Open Settings, Slack, and choose another announcement channel. Rooms are not affected."
    return CheckResult("warn", detail, advice, None, concerned)


def _sockets() -> CheckResult:
    silent = silent_sockets(timezone.now())
    if not silent:
        return CheckResult("ok", "no connection to Slack is broken")
    first = silent[0]
    why = f" ({first.socket_fault})" if first.socket_fault else ""
    return CheckResult(
        "warn",
        f"Socket Mode of the Slack team {first.name or first.slack_id} does not work{why}",
        "Start the slack-socket process, or check Settings, Slack. Missed pins are added every five minutes.",
        first.socket_seen_at,
        frozenset(team.workspace_id for team in silent),
    )
