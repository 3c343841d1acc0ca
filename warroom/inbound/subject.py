"""Resolves the incident and the members of a Slack request."""

from __future__ import annotations

from typing import Final

from accounts.actor import Actor
from core.errors import Invalid, Problem
from incidents.models import Incident
from incidents.selectors import incident_for
from warroom.connection.links import link_url
from warroom.connection.models import SlackTeam, SlackUser
from warroom.connection.people import find_member, member_actor
from warroom.inbound.commands import Command, mention_in, mentions_in, with_names
from warroom.rooms.models import Room

NOT_LINKED: Final = (
    "Your Slack account is not linked to a member of Tocsin. It is linked automatically when both have the "
    "same verified email address. Otherwise <{url}|link it yourself> within 15 minutes, or ask an admin."
)


class NotLinked(Problem):
    """403: the Slack user is not linked to a member."""

    status = 403
    code = "not_linked"
    title = "Not linked"


def actor_for(team: SlackTeam, slack_id: str, *, key: str = "") -> Actor:
    """The member linked to a Slack user. Raises NotLinked."""
    actor, name = find_member(team, slack_id, request_id=f"slack:{key[:40]}")
    if actor is None:
        raise NotLinked(NOT_LINKED.format(url=link_url(team.pk, slack_id, name)))
    return actor


def room_in(team: SlackTeam, channel_id: str) -> Room | None:
    """The room of a channel, or None."""
    rooms = Room.objects.of(team.workspace_id).filter(team=team).exclude(channel_id="")
    found: Room | None = rooms.filter(channel_id=channel_id).select_related("incident").first()
    return found


def requested_incident(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> Incident:
    """The incident named by a command, else that of the room. Raises Invalid, NotFound, Forbidden."""
    if command.reference:
        return incident_for(actor, command.reference)
    room = room_in(team, channel_id)
    if room is None:
        raise Invalid(f"Name an incident, such as `/incident {command.verb} INC-42`, or use its room.")
    return incident_for(actor, room.incident.number)


def member_mentioned(team: SlackTeam, text: str) -> int | None:
    """The user id of the person mentioned, or None. Raises Invalid if they are not linked."""
    slack_id = mention_in(text)
    if not slack_id:
        return None
    found = member_actor(team, slack_id)
    if found is None:
        raise Invalid("That person is not linked to a member of Tocsin. Nothing was changed.")
    return found.user_id


def named(team: SlackTeam, text: str) -> str:
    """Slack text with mentions replaced by member names."""
    links = SlackUser.objects.of(team.workspace_id).filter(team=team, slack_id__in=mentions_in(text))
    return with_names(text, {one.slack_id: one.user.label for one in links.select_related("user")})
