"""Compares a room or a thread in Slack with what Tocsin has: what an event was lost of is caught up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.errors import Problem
from warroom.connection.models import SlackTeam
from warroom.inbound.changes import (
    follow_reply,
    follow_text,
    note_reply,
    replies_in,
    wants_message,
    withdraw_reply,
    withdraw_unpinned,
)
from warroom.inbound.images import has_images, retry_images
from warroom.inbound.models import SlackPin
from warroom.inbound.pinned import PUSHPIN, quoted
from warroom.inbound.services.pins import pin_message
from warroom.inbound.subject import actor_for, room_in
from warroom.rooms.models import Room
from warroom.rooms.services.inviting import invite_missing
from warroom.rooms.services.outcomes import room_archived, room_lost, topic_shown
from warroom.slack.client import call
from warroom.slack.errors import CHANNEL_GONE, SlackRefusedError

NEWEST_MESSAGES: Final = 200
MAX_REPLY_PAGES: Final = 5
MAX_GONE: Final = 50


def reconcile(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str:
    """Bring a room or a thread and the timeline together; raises where another try may help."""
    channel_id = str(payload["channel"])
    if payload.get("thread_ts"):
        _compare_replies(team, channel_id, str(payload["thread_ts"]))
        return ""
    room = room_in(team, channel_id)
    if room is None:
        return ""
    try:
        if _compare_channel(team, room):
            _compare_pins(team, room)
            invite_missing(team.workspace_id, room)
            retry_images(team, room)
    except SlackRefusedError as refused:
        if refused.code not in CHANNEL_GONE:
            raise
        room_lost(team.workspace_id, room)
    return ""


def _compare_channel(team: SlackTeam, room: Room) -> bool:
    """Notice an archived channel, come back into it, and restore the topic. Returns whether it is in use."""
    channel = call(team, "conversations.info", channel=room.channel_id)["channel"]
    if channel.get("is_archived"):
        room_archived(team.workspace_id, room)
        return False
    if channel.get("is_member") is False:
        call(team, "conversations.join", channel=room.channel_id)
    topic_shown(team.workspace_id, room, str((channel.get("topic") or {}).get("value") or ""))
    return True


def _compare_pins(team: SlackTeam, room: Room) -> None:
    """Take pins and :pushpin: that are missing, follow edits, withdraw what is pinned no more."""
    listed = call(team, "pins.list", channel=room.channel_id).get("items", [])
    pinned = {str(one["message"]["ts"]): one for one in listed if one.get("message")}
    for item in pinned.values():
        _take(team, room, item["message"], str(item.get("created_by", "")), "pin")
    newest = call(team, "conversations.history", channel=room.channel_id, limit=NEWEST_MESSAGES)
    seen = set(pinned)
    for message in newest.get("messages", []):
        by = _pushpin_by(message)
        if by and message["ts"] not in seen:
            seen.add(str(message["ts"]))
            _take(team, room, message, by, "reaction")
    rows = SlackPin.objects.of(team.workspace_id).filter(room=room, entry__withdrawn_at=None)
    gone = rows.exclude(via="shortcut").exclude(message_ts__in=list(seen))
    for ts in gone.values_list("message_ts", flat=True)[:MAX_GONE]:
        withdraw_unpinned(team, room.channel_id, ts)


def _pushpin_by(message: Mapping[str, Any]) -> str:
    """Who put the first :pushpin: on a message; nothing without one."""
    for reaction in message.get("reactions") or ():
        if reaction.get("name") == PUSHPIN:
            return str(next(iter(reaction.get("users") or ()), ""))
    return ""


def _take(team: SlackTeam, room: Room, message: Mapping[str, Any], by: str, via: str) -> None:
    if message.get("bot_id") == team.bot_id or by == team.bot_user_id:
        return
    follow_text(team, room.channel_id, message)
    try:
        actor, text = actor_for(team, by), quoted(team, message)
        pin_message(
            actor, room=room, ts=str(message["ts"]), text=text, via=via, has_images=has_images(message)
        )
    except Problem:
        return  # whoever pinned it may not write; the others are still looked at


def _compare_replies(team: SlackTeam, channel_id: str, thread_ts: str) -> None:
    """Note replies that are missing, follow those that were edited, withdraw those that were deleted."""
    found, is_whole = _replies(team, channel_id, thread_ts)
    told = set(replies_in(team, channel_id).filter(announcement__ts=thread_ts).values_list("ts", flat=True))
    for message in found:
        if not wants_message(message):
            continue
        try:
            if message.get("ts") in told:
                follow_reply(team, channel_id, message)
            else:
                note_reply(team, {**message, "channel": channel_id})
        except Problem:
            continue  # a person who may not write
    if is_whole:
        _withdraw_deleted(team, channel_id, thread_ts, {str(one.get("ts")) for one in found})


def _replies(team: SlackTeam, channel_id: str, thread_ts: str) -> tuple[list[Mapping[str, Any]], bool]:
    """The replies of a thread, the oldest first, and whether these are all."""
    found: list[Mapping[str, Any]] = []
    cursor = ""
    for _ in range(MAX_REPLY_PAGES):
        page = call(
            team, "conversations.replies", channel=channel_id, ts=thread_ts, limit=NEWEST_MESSAGES,
            cursor=cursor,
        )  # fmt: skip
        found += page.get("messages", [])
        cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return found, True
    return found, False


def _withdraw_deleted(team: SlackTeam, channel_id: str, thread_ts: str, present: set[str]) -> None:
    """Withdraw the notes of replies that are not in Slack any more."""
    rows = replies_in(team, channel_id).filter(announcement__ts=thread_ts, entry__withdrawn_at=None)
    for ts in rows.exclude(ts__in=list(present)).values_list("ts", flat=True)[:MAX_GONE]:
        withdraw_reply(team, channel_id, ts)
