"""Sends messages to rooms and threads, at most one per second and channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now

from core.queue.items import hand_back, reschedule, settle
from core.rate_limit.store import take_turn
from incidents.models import Incident, TimelineEntry
from remediation.runs.models import RemediationRun
from warroom.connection.models import SlackTeam, SlackUser
from warroom.rooms.models import RoomMessage
from warroom.rooms.run_blocks import run_blocks, run_text
from warroom.rooms.services.outcomes import mark_tried, note_channel_refused
from warroom.slack.errors import CARD_GONE, SlackRefusedError
from warroom.slack.messages import POST_EVERY_S, find_posted, post, update
from warroom.slack.text import MAX_PLAIN_CHARS, cut, escaped

ICONS: Final = {
    "update": ":mega:", "resolution": ":white_check_mark:", "note": ":speech_balloon:",
    "sla": ":alarm_clock:", "acknowledged": ":eyes:", "severity_change": ":rotating_light:",
    "remediation": ":wrench:", "postmortem": ":page_facing_up:",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Destination of a message: a channel, or a thread in it."""

    team: SlackTeam
    channel: str
    thread_ts: str = ""


def send_message(message: RoomMessage) -> None:
    """Post a message, or update the state of its run. Raises the error of Slack."""
    place = _place_of(message)
    if place is None:
        settle(message, last_error="The room is archived, not found in Slack, or visible to others.")
        return
    if not take_turn(f"slack:post:{place.team.pk}:{place.channel}", POST_EVERY_S):
        hand_back([message], delay_s=1.0)
        return
    text, blocks, shown = _content(place.team, message)
    ts = message.ts
    try:
        if not ts or not _updated(place, ts, text, blocks):
            ts = _posted(message, place, text, blocks)
    except SlackRefusedError as refused:
        if message.room is not None:
            note_channel_refused(message.workspace_id, message.room, refused)
        raise
    _settle_or_repeat(message, ts, shown)


def entry_text(team: SlackTeam, entry: TimelineEntry) -> str:
    """A timeline entry as a message: who, and what."""
    link = SlackUser.objects.of(team.workspace_id).filter(team=team, user_id=entry.author_id or 0).first()
    who = f"<@{link.slack_id}>" if link else escaped(entry.author_label)
    public = " (public)" if entry.is_public else ""
    icon = ICONS.get(entry.kind, ":small_blue_diamond:")
    kind = entry.kind.replace("_", " ").capitalize()
    return cut(f"{icon} *{kind}*{public} by {who}\n{escaped(entry.message)}", MAX_PLAIN_CHARS)


def _place_of(message: RoomMessage) -> Place | None:
    room, announcement = message.room, message.announcement
    if room is not None:
        is_exposed = not room.is_private and _is_private(message.workspace_id, room.incident_id)
        return None if room.is_gone or is_exposed else Place(room.team, room.channel_id)
    if announcement is None or _is_private(message.workspace_id, announcement.incident_id):
        return None
    return Place(announcement.team, announcement.channel_id, announcement.ts)


def _is_private(workspace_id: int, incident_id: int) -> bool:
    """Whether an incident is private, so that nothing is posted where others can read it."""
    return bool(Incident.objects.of(workspace_id).filter(pk=incident_id, is_private=True).exists())


def _content(team: SlackTeam, message: RoomMessage) -> tuple[str, list[dict[str, Any]], str]:
    """Text, blocks, and the state of the run shown."""
    if message.run_id is not None:
        runs = RemediationRun.objects.of(message.workspace_id).select_related("action", "incident")
        run = runs.get(pk=message.run_id)
        return run_text(run), run_blocks(run), run.state
    if message.entry is not None:
        return entry_text(team, message.entry), [], ""
    return message.text, [], ""


def _updated(place: Place, ts: str, text: str, blocks: list[dict[str, Any]]) -> bool:
    """Update the message. Returns False if it was deleted."""
    try:
        update(place.team, place.channel, ts, text, blocks)
    except SlackRefusedError as refused:
        if refused.code in CARD_GONE:
            return False
        if refused.code != "message_not_modified":
            raise
    return True


def _posted(message: RoomMessage, place: Place, text: str, blocks: list[dict[str, Any]]) -> str:
    """Post it and return its ts; looks first for an earlier unconfirmed attempt."""
    key, thread = message.key or f"entry:{message.entry_id}", place.thread_ts
    if not message.ts and (
        found := find_posted(place.team, place.channel, key, since=message.tried_at, thread_ts=thread)
    ):
        return found
    mark_tried(message.workspace_id, message)
    response = post(place.team, place.channel, text, key=key, blocks=blocks, thread_ts=thread)
    return str(response["ts"])


def _settle_or_repeat(message: RoomMessage, ts: str, shown: str) -> None:
    """Settle, or repeat if the run changed its state meanwhile."""
    with transaction.atomic():
        RoomMessage.objects.of(message.workspace_id).select_for_update().get(pk=message.pk)
        runs = RemediationRun.objects.of(message.workspace_id).filter(pk=message.run_id or 0)
        state = runs.values_list("state", flat=True).first() or ""
        if state != shown:
            reschedule(message, Now(), ts=ts)
        else:
            settle(message, ts=ts)
