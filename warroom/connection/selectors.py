"""Reads Slack connections and links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from warroom.connection.models import SlackTeam, SlackUser

MAX_LINKS: Final = 500
MAX_PROBED: Final = 500
SOCKET_LATE: Final = timedelta(seconds=60)


def slack_teams(actor: Actor) -> Sequence[SlackTeam]:
    """The connected teams of the workspace, the default one first. Raises Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    rows = SlackTeam.objects.of(actor.workspace_id).order_by("-is_default", "id")
    return list(rows[:MAX_LINKS])


def slack_team(actor: Actor, team_id: int | None = None) -> SlackTeam:
    """A connection of the workspace, by default the one used for rooms. Raises NotFound, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    rows = SlackTeam.objects.of(actor.workspace_id).order_by("-is_default", "id")
    found: SlackTeam | None = (rows if team_id is None else rows.filter(pk=team_id)).first()
    if found is None:
        raise NotFound("Slack is not connected to this workspace.")
    return found


def slack_people(actor: Actor, team: SlackTeam) -> Sequence[SlackUser]:
    """Links of a team, by user name. Raises Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    links = SlackUser.objects.of(actor.workspace_id).filter(team=team).select_related("user")
    return list(links.order_by("user__username")[:MAX_LINKS])


def broken_teams() -> Sequence[SlackTeam]:
    """Connected teams whose token is rejected or lacks a scope, or whose announcements fail."""
    states = (SlackTeam.State.REVOKED, SlackTeam.State.DEGRADED)
    broken = Q(state__in=states) | ~Q(announce_fault="")
    rows = SlackTeam.across_workspaces.filter(broken).exclude(bot_token="")
    return list(rows.order_by("-state", "id")[:MAX_LINKS])


def teams_to_probe() -> Sequence[SlackTeam]:
    """All connected teams of the installation, whose tokens are checked periodically."""
    rows = SlackTeam.across_workspaces.exclude(bot_token="").exclude(slack_id="")
    return list(rows.order_by("id")[:MAX_PROBED])


def silent_sockets(now: datetime) -> Sequence[SlackTeam]:
    """Teams whose Socket Mode connection has not worked for a minute."""
    rows = SlackTeam.across_workspaces.exclude(app_token="").exclude(slack_id="")
    silent = Q(socket_seen_at=None) | Q(socket_seen_at__lt=now - SOCKET_LATE)
    return list(rows.filter(silent).order_by("id")[:MAX_LINKS])
