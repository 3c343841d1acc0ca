"""Compares the pins of open rooms with the timeline: what an event was lost of is caught up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from core.errors import Problem
from warroom.connection.models import SlackTeam
from warroom.inbound.changes import follow_text, withdraw_unpinned
from warroom.inbound.models import SlackPin
from warroom.inbound.pinned import quoted
from warroom.inbound.services.inbox import store_request
from warroom.inbound.services.pins import pin_message
from warroom.inbound.subject import actor_for, room_in
from warroom.rooms.models import Room
from warroom.slack.client import call

EVERY_S: Final = 300.0
MAX_ROOMS: Final = 500


def plan_reconciling(now: datetime) -> int:
    """One request for each open room and five minutes. Returns how many rooms."""
    slot = int(now.timestamp() // EVERY_S)
    rooms = Room.across_workspaces.filter(state=Room.State.OPEN).exclude(channel_id="")
    found = list(rooms.select_related("team").order_by("-id")[:MAX_ROOMS])
    for room in found:
        key = f"reconcile:{room.pk}:{slot}"
        payload = {"channel": room.channel_id}
        store_request(room.workspace_id, room.team, kind="reconcile", key=key, payload=payload)
    return len(found)


def reconcile_after_gap(workspace_id: int, team: SlackTeam) -> int:
    """One request for each open room of a team that missed what Slack sent. Returns how many rooms."""
    rooms = Room.objects.of(workspace_id).filter(team=team, state=Room.State.OPEN).exclude(channel_id="")
    found = list(rooms.order_by("-id")[:MAX_ROOMS])
    moment = int(timezone.now().timestamp())
    for room in found:
        key, payload = f"reconcile:{room.pk}:gap:{moment}", {"channel": room.channel_id}
        store_request(workspace_id, team, kind="reconcile", key=key, payload=payload)
    return len(found)


def reconcile(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str:
    """Add pins that are not on the timeline, follow edits, withdraw what is pinned no more."""
    channel_id = str(payload["channel"])
    room = room_in(team, channel_id)
    if room is None:
        return ""
    listed = call(team, "pins.list", channel=channel_id).get("items", [])
    pinned = {str(one["message"]["ts"]): one for one in listed if one.get("message")}
    for ts, item in pinned.items():
        _take(team, room, ts, item)
    rows = SlackPin.objects.of(team.workspace_id).filter(room=room, entry__withdrawn_at=None)
    gone = rows.exclude(via="shortcut").exclude(message_ts__in=list(pinned))
    for ts in gone.values_list("message_ts", flat=True)[:50]:
        withdraw_unpinned(team, channel_id, ts)
    return ""


def _take(team: SlackTeam, room: Room, ts: str, item: Mapping[str, Any]) -> None:
    message = item["message"]
    if message.get("bot_id") == team.bot_id or item.get("created_by") == team.bot_user_id:
        return
    follow_text(team, room.channel_id, message)
    try:
        actor = actor_for(team, str(item.get("created_by", "")))
        pin_message(actor, room=room, ts=ts, text=quoted(team, message), via="pin")
    except Problem:
        return  # whoever pinned it may not write; the others are still looked at
