"""Reads messages of rooms for the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from warroom.connection.models import SlackTeam
from warroom.connection.people import member_actor
from warroom.inbound.subject import named
from warroom.slack.client import call

PUSHPIN: Final = "pushpin"


def message_at(team: SlackTeam, channel_id: str, ts: str) -> Mapping[str, Any] | None:
    """The message with that `ts`, or None if it was deleted."""
    page = call(
        team, "conversations.history", channel=channel_id, latest=ts, oldest=ts, inclusive="true", limit=1
    )
    found: Mapping[str, Any] | None = next(
        (one for one in page.get("messages", []) if one.get("ts") == ts), None
    )
    return found


def quoted(team: SlackTeam, message: Mapping[str, Any]) -> str:
    """Author and text, with mentions as member names; links the author first."""
    member_actor(team, str(message.get("user", "U0")))
    author = named(team, f"<@{message.get('user', 'U0')}>")
    names = [str(one.get("name") or "file") for one in message.get("files") or ()]
    words = [named(team, str(message.get("text") or "")), f"({', '.join(names)})" if names else ""]
    return f"{author}: {' '.join(word for word in words if word) or '(no text)'}"
