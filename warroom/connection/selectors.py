"""Reads the connection to Slack and who is linked."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actor import Actor
from accounts.permissions import Capability, require
from warroom.connection.models import SlackTeam, SlackUser

MAX_LINKS = 500


def slack_team(actor: Actor) -> SlackTeam | None:
    """The connection of the workspace. Raises Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    found: SlackTeam | None = SlackTeam.objects.of(actor.workspace_id).first()
    return found


def slack_people(actor: Actor) -> Sequence[SlackUser]:
    """Who is linked, by user name. Raises Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    links = SlackUser.objects.of(actor.workspace_id).select_related("user")
    return list(links.order_by("user__username")[:MAX_LINKS])


def broken_teams() -> Sequence[SlackTeam]:
    """The teams of the installation whose token is refused or lacks a permission; not disconnected ones."""
    states = (SlackTeam.State.REVOKED, SlackTeam.State.DEGRADED)
    rows = SlackTeam.across_workspaces.filter(state__in=states).exclude(bot_token="")
    return list(rows.order_by("-state", "id")[:MAX_LINKS])
