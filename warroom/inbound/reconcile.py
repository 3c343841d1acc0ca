"""Compares open rooms and threads with the timeline: what an event was lost of is caught up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from core.errors import Problem
from incidents.vocabulary import UNRESOLVED
from warroom.connection.models import SlackTeam
from warroom.inbound.changes import follow_text, note_reply, wants_message, withdraw_unpinned
from warroom.inbound.images import keep_images
from warroom.inbound.models import SlackPin
from warroom.inbound.pinned import PUSHPIN, quoted
from warroom.inbound.services.inbox import store_request
from warroom.inbound.services.pins import pin_message
from warroom.inbound.subject import actor_for, room_in
from warroom.rooms.models import Announcement, Room, RoomMessage
from warroom.rooms.services.outcomes import room_lost
from warroom.slack.client import call
from warroom.slack.errors import CHANNEL_GONE, SlackRefusedError

EVERY_S: Final = 300.0
MAX_ROOMS: Final = 500
NEWEST_MESSAGES: Final = 200
MAX_GONE: Final = 50


def plan_reconciling(now: datetime) -> int:
    """One request for each open room and each thread of an active incident. Returns how many."""
    slot = str(int(now.timestamp() // EVERY_S))
    rooms = Room.across_workspaces.filter(state=Room.State.OPEN).exclude(channel_id="")
    found = list(rooms.select_related("team").order_by("-id")[:MAX_ROOMS])
    for room in found:
        _plan_room(room, room.team, slot)
    alone = Announcement.across_workspaces.filter(
        incident__status__in=UNRESOLVED, incident__war_room__isnull=True
    ).exclude(ts="")
    threads = list(alone.select_related("team").order_by("-id")[:MAX_ROOMS])
    for thread in threads:
        _plan_thread(thread, thread.team, slot)
    return len(found) + len(threads)


def reconcile_after_gap(workspace_id: int, team: SlackTeam) -> int:
    """The same for one team that missed what Slack sent. Returns how many requests."""
    slot = f"gap:{int(timezone.now().timestamp())}"
    rooms = Room.objects.of(workspace_id).filter(team=team, state=Room.State.OPEN).exclude(channel_id="")
    found = list(rooms.order_by("-id")[:MAX_ROOMS])
    for room in found:
        _plan_room(room, team, slot)
    alone = Announcement.objects.of(workspace_id).filter(
        team=team, incident__status__in=UNRESOLVED, incident__war_room__isnull=True
    )
    threads = list(alone.exclude(ts="").order_by("-id")[:MAX_ROOMS])
    for thread in threads:
        _plan_thread(thread, team, slot)
    return len(found) + len(threads)


def reconcile(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str:
    """Take pins, :pushpin: and replies that are missing, follow edits, withdraw what is pinned no more."""
    channel_id = str(payload["channel"])
    if payload.get("thread_ts"):
        _take_replies(team, channel_id, str(payload["thread_ts"]))
        return ""
    room = room_in(team, channel_id)
    if room is None:
        return ""
    try:
        _take_room(team, room)
    except SlackRefusedError as refused:
        if refused.code not in CHANNEL_GONE:
            raise
        room_lost(team.workspace_id, room)
    return ""


def _plan_room(room: Room, team: SlackTeam, slot: str) -> None:
    key, payload = f"reconcile:{room.pk}:{slot}", {"channel": room.channel_id}
    store_request(room.workspace_id, team, kind="reconcile", key=key, payload=payload)


def _plan_thread(thread: Announcement, team: SlackTeam, slot: str) -> None:
    key, payload = f"thread:{thread.pk}:{slot}", {"channel": thread.channel_id, "thread_ts": thread.ts}
    store_request(thread.workspace_id, team, kind="reconcile", key=key, payload=payload)


def _take_room(team: SlackTeam, room: Room) -> None:
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
        actor = actor_for(team, by)
        if pin_message(actor, room=room, ts=str(message["ts"]), text=quoted(team, message), via=via):
            keep_images(team, actor, room.incident, message)
    except Problem:
        return  # whoever pinned it may not write; the others are still looked at


def _take_replies(team: SlackTeam, channel_id: str, thread_ts: str) -> None:
    answer = call(team, "conversations.replies", channel=channel_id, ts=thread_ts, limit=NEWEST_MESSAGES)
    known = RoomMessage.objects.of(team.workspace_id).filter(
        announcement__channel_id=channel_id, announcement__ts=thread_ts
    )
    told = set(known.values_list("ts", flat=True))
    for message in answer.get("messages", []):
        if message.get("ts") in told or not wants_message(message):
            continue
        try:
            note_reply(team, {**message, "channel": channel_id})
        except Problem:
            continue  # a person who may not write
