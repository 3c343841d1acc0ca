"""Creates the channel of a room, or adopts one created by an earlier unconfirmed attempt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from incidents.selectors import incident_by_id
from warroom.connection.models import SlackTeam
from warroom.rooms.models import Room, RoomStep
from warroom.rooms.names import MAX_NAMES, channel_name
from warroom.rooms.services.outcomes import channel_opened, mark_tried
from warroom.slack.client import call
from warroom.slack.errors import SlackRefusedError

MAX_PAGES: Final = 5
SLACK_CLOCK: Final = timedelta(seconds=60)


def create_channel(step: RoomStep, room: Room) -> None:
    """Create the channel under the first free name, or adopt the one an earlier attempt created.

    Raises SlackRefusedError; with code name_taken if all names are taken.
    """
    incident = incident_by_id(room.workspace_id, room.incident_id)
    since = step.tried_at
    mark_tried(step.workspace_id, step)
    for turn in range(1, MAX_NAMES + 1):
        name = channel_name(incident.number, incident.title, turn)
        found = _create(room, name) or (_ours(room, name, since) if since else None)
        if found is not None:
            channel_opened(room.workspace_id, step, room, channel_id=found["id"], name=found["name"])
            return
    raise SlackRefusedError("conversations.create", "name_taken")


def _create(room: Room, name: str) -> dict[str, Any] | None:
    """The new channel, or None if the name is taken."""
    try:
        response = call(room.team, "conversations.create", name=name, is_private=room.is_private)
    except SlackRefusedError as refused:
        if refused.code == "name_taken":
            return None
        raise
    channel: dict[str, Any] = response["channel"]
    return channel


def _ours(room: Room, name: str, since: datetime) -> dict[str, Any] | None:
    """The channel with this name if our app created it since then and no room has it.

    A room of another workspace that shares the Slack team may have it, too.
    """
    found = find_channel(room.team, name)
    if found is None or found.get("creator") != room.team.bot_user_id or found.get("is_archived"):
        return None
    if bool(found.get("is_private")) != room.is_private:
        return None
    if float(found.get("created", 0)) < (since - SLACK_CLOCK).timestamp():
        return None
    taken = Room.across_workspaces.filter(channel_id=found["id"]).exclude(pk=room.pk)
    return None if taken.exists() else found


def find_channel(team: SlackTeam, name: str) -> dict[str, Any] | None:
    """A channel by name or id, among the first pages listed by Slack."""
    cursor, wanted = "", name.lstrip("#").lower()
    for _ in range(MAX_PAGES):
        page = call(
            team, "conversations.list", limit=1000, types="public_channel,private_channel", cursor=cursor
        )
        for channel in page.get("channels", []):
            if wanted in (channel.get("name"), str(channel.get("id")).lower()):
                found: dict[str, Any] = channel
                return found
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return None
    return None
