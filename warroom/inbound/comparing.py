"""Reconciles a room or a thread in Slack with the timeline, to make up for lost events."""

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
from warroom.rooms.services.inviting import invite_missing, remove_hidden
from warroom.rooms.services.outcomes import compare_topic, room_archived, room_lost
from warroom.slack.client import call
from warroom.slack.errors import CHANNEL_GONE, SlackRefusedError

NEWEST_MESSAGES: Final = 200
MAX_REPLY_PAGES: Final = 5
MAX_GONE: Final = 50


def reconcile(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str:
    """Reconcile a room or a thread with the timeline. Raises errors that are worth a retry.

    Does nothing with a revoked token: the next request after it works again compares everything.
    """
    if team.state == SlackTeam.State.REVOKED:
        return ""
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
            remove_hidden(team.workspace_id, room)
            invite_missing(team.workspace_id, room)
            retry_images(team, room)
    except SlackRefusedError as refused:
        if refused.code not in CHANNEL_GONE:
            raise
        room_lost(team.workspace_id, room)
    return ""


def _compare_channel(team: SlackTeam, room: Room) -> bool:
    """Detect an archived channel, rejoin it, and restore the topic. Returns whether it is in use."""
    channel = call(team, "conversations.info", channel=room.channel_id)["channel"]
    if channel.get("is_archived"):
        room_archived(team.workspace_id, room)
        return False
    if channel.get("is_member") is False:
        call(team, "conversations.join", channel=room.channel_id)
    compare_topic(team.workspace_id, room, str((channel.get("topic") or {}).get("value") or ""))
    return True


def _compare_pins(team: SlackTeam, room: Room) -> None:
    """Add missing pins and :pushpin: messages, apply edits, withdraw unpinned ones."""
    listed = call(team, "pins.list", channel=room.channel_id).get("items", [])
    pinned = {str(one["message"]["ts"]): one for one in listed if one.get("message")}
    for item in pinned.values():
        _add_pin(team, room, item["message"], str(item.get("created_by", "")), "pin")
    newest = call(team, "conversations.history", channel=room.channel_id, limit=NEWEST_MESSAGES)
    seen = set(pinned)
    for message in newest.get("messages", []):
        by = _pushpin_by(message)
        if by and message["ts"] not in seen:
            seen.add(str(message["ts"]))
            _add_pin(team, room, message, by, "reaction")
    rows = SlackPin.objects.of(team.workspace_id).filter(room=room, entry__withdrawn_at=None)
    gone = rows.exclude(via="shortcut").exclude(message_ts__in=list(seen))
    for ts in gone.values_list("message_ts", flat=True)[:MAX_GONE]:
        withdraw_unpinned(team, room.channel_id, ts)


def _pushpin_by(message: Mapping[str, Any]) -> str:
    """Who added the first :pushpin: to a message, or ""."""
    for reaction in message.get("reactions") or ():
        if reaction.get("name") == PUSHPIN:
            return str(next(iter(reaction.get("users") or ()), ""))
    return ""


def _add_pin(team: SlackTeam, room: Room, message: Mapping[str, Any], by: str, via: str) -> None:
    if message.get("bot_id") == team.bot_id or by == team.bot_user_id:
        return
    follow_text(team, room.channel_id, message)
    try:
        actor, text = actor_for(team, by), quoted(team, message)
        pin_message(
            actor, room=room, ts=str(message["ts"]), text=text, via=via, has_images=has_images(message)
        )
    except Problem:
        return  # who pinned it may not write; go on with the others


def _compare_replies(team: SlackTeam, channel_id: str, thread_ts: str) -> None:
    """Add missing replies, update edited ones, withdraw deleted ones."""
    found, is_whole = _replies(team, channel_id, thread_ts)
    known = set(replies_in(team, channel_id).filter(announcement__ts=thread_ts).values_list("ts", flat=True))
    for message in found:
        if not wants_message(message):
            continue
        try:
            if message.get("ts") in known:
                follow_reply(team, channel_id, message)
            else:
                note_reply(team, {**message, "channel": channel_id})
        except Problem:
            continue  # a person who may not write
    if is_whole:
        _withdraw_deleted(team, channel_id, thread_ts, {str(one.get("ts")) for one in found})


def _replies(team: SlackTeam, channel_id: str, thread_ts: str) -> tuple[list[Mapping[str, Any]], bool]:
    """The replies of a thread, oldest first, and whether they are complete."""
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
    """Withdraw the notes of replies that were deleted in Slack."""
    rows = replies_in(team, channel_id).filter(announcement__ts=thread_ts, entry__withdrawn_at=None)
    for ts in rows.exclude(ts__in=list(present)).values_list("ts", flat=True)[:MAX_GONE]:
        withdraw_reply(team, channel_id, ts)
