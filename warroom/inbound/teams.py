"""Finds the teams that may sign requests, and the team of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from warroom.connection.manifest import COMMAND
from warroom.connection.models import SlackTeam, SlackUser
from warroom.inbound.commands import workspace_in
from warroom.inbound.modals import team_in
from warroom.inbound.payloads import channel_id_in, user_id_in
from warroom.rooms.models import Announcement, Room

MAX_TEAMS: Final = 200


def teams_with_secrets() -> list[SlackTeam]:
    """All teams with a signing secret; the signature decides whose request it is."""
    rows = SlackTeam.across_workspaces.exclude(signing_secret="").select_related("workspace")
    return list(rows.order_by("id")[:MAX_TEAMS])


def requested_team(teams: Sequence[SlackTeam], payload: Mapping[str, Any]) -> SlackTeam | None:
    """The team of a request, if several workspaces share a Slack team.

    The one named by a command; else that of the modal, room or announcement; else the only one where its
    sender is linked; else the one connected first. None: a command must name its workspace.
    """
    named = workspace_in(str(payload.get("text") or "")) if "command" in payload else ""
    if named:
        return next((team for team in teams if team.workspace.slug == named), None)
    if len(teams) == 1:
        return teams[0]
    found = team_in(payload.get("view")) or _of_channel(teams, channel_id_in(dict(payload)))
    if found is None:
        linked = _linked(teams, payload)
        if len(linked) > 1 and "command" in payload:
            return None
        found = linked[0].pk if len(linked) == 1 else None
    return next((team for team in teams if team.pk == found), teams[0])


def ask_for_workspace(teams: Sequence[SlackTeam], payload: Mapping[str, Any]) -> str:
    """Reply to a person whose command must name a workspace."""
    slugs = [team.workspace.slug for team in _linked(teams, payload)]
    if not slugs:
        return "You are linked in no workspace of that name. Nothing was changed."
    example = f"`{COMMAND} in:{slugs[0]} list`"
    return f"Name the workspace, such as {example}. Yours: {', '.join(slugs)}. Nothing was changed."


def teams_of_person(team: SlackTeam, slack_id: str) -> list[SlackTeam]:
    """Connections of the same app to the same Slack team in which a person is linked."""
    rows = SlackTeam.across_workspaces.filter(slack_id=team.slack_id, bot_user_id=team.bot_user_id)
    found = rows.filter(people__slack_id=slack_id).exclude(bot_token="").select_related("workspace")
    return list(found.order_by("id")[:MAX_TEAMS])


def _linked(teams: Sequence[SlackTeam], payload: Mapping[str, Any]) -> list[SlackTeam]:
    links = SlackUser.across_workspaces.filter(team__in=teams, slack_id=user_id_in(payload))
    linked = set(links.values_list("team_id", flat=True))
    return [team for team in teams if team.pk in linked]


def _of_channel(teams: Sequence[SlackTeam], channel_id: str) -> int | None:
    if not channel_id:
        return None
    ids = [team.pk for team in teams]
    rooms = Room.across_workspaces.filter(team__in=ids, channel_id=channel_id)
    room = rooms.values_list("team_id", flat=True).first()
    if room is not None:
        return int(room)
    announced = Announcement.across_workspaces.filter(team__in=ids, channel_id=channel_id)
    found = set(announced.values_list("team_id", flat=True)[:MAX_TEAMS])
    return int(found.pop()) if len(found) == 1 else None
