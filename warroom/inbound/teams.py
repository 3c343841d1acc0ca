"""Finds the teams of the installation that requests may be signed by, and the one a request is meant for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from warroom.connection.models import SlackTeam, SlackUser
from warroom.inbound.modals import team_in
from warroom.inbound.payloads import channel_id_in, user_id_in
from warroom.rooms.models import Announcement, Room

MAX_TEAMS: Final = 200


def teams_with_secrets() -> list[SlackTeam]:
    """The teams with a signing secret: the signature says whose request it is."""
    return list(SlackTeam.across_workspaces.exclude(signing_secret="").order_by("id")[:MAX_TEAMS])


def team_meant(teams: Sequence[SlackTeam], payload: Mapping[str, Any]) -> SlackTeam:
    """Of the workspaces that share a Slack team, the one that a request is meant for.

    That of the form, room or announcement it comes from; else the only one where its sender is linked; else
    the one connected first.
    """
    if len(teams) == 1:
        return teams[0]
    ids = [team.pk for team in teams]
    found = team_in(payload.get("view")) or _of_channel(ids, channel_id_in(dict(payload)))
    if found is None:
        links = SlackUser.across_workspaces.filter(team__in=ids, slack_id=user_id_in(payload))
        linked = list(links.values_list("team_id", flat=True))
        found = linked[0] if len(linked) == 1 else None
    return next((team for team in teams if team.pk == found), teams[0])


def _of_channel(ids: Sequence[int], channel_id: str) -> int | None:
    if not channel_id:
        return None
    rooms = Room.across_workspaces.filter(team__in=ids, channel_id=channel_id)
    room = rooms.values_list("team_id", flat=True).first()
    if room is not None:
        return int(room)
    announced = Announcement.across_workspaces.filter(team__in=ids, channel_id=channel_id)
    teams = set(announced.values_list("team_id", flat=True)[:MAX_TEAMS])
    return int(teams.pop()) if len(teams) == 1 else None
