"""Posts announcements and the messages of rooms."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from core.queue.items import hand_back, reschedule, settle
from core.rate_limit.store import consume
from incidents.models import TimelineEntry
from incidents.selectors import incident_by_id
from warroom.connection.models import SlackTeam, SlackUser
from warroom.rooms.cards import announcement_blocks, card_text
from warroom.rooms.models import Announcement, Room, RoomMessage
from warroom.rooms.present import card_of
from warroom.rooms.services.outcomes import mark_tried, note_refusal
from warroom.slack.errors import CARD_GONE, SlackRefusedError
from warroom.slack.messages import find_posted, post, update
from warroom.slack.text import MAX_PLAIN_CHARS, cut, escaped

CARD_WAIT_S: Final = 3
ICONS: Final = {
    "update": ":mega:", "resolution": ":white_check_mark:", "note": ":speech_balloon:",
    "sla": ":alarm_clock:", "acknowledged": ":eyes:", "severity_change": ":rotating_light:",
}  # fmt: skip


def announce(item: Announcement) -> None:
    """Post or update an announcement. Raises what Slack refused, after writing it down."""
    incident = incident_by_id(item.workspace_id, item.incident_id)
    room = (
        Room.objects.of(item.workspace_id).filter(incident_id=item.incident_id).exclude(channel_id="").first()
    )
    where = f"<#{room.channel_id}>" if room is not None and not room.is_private else ""
    card = card_of(item.team, incident, room=where, note=item.note)
    text, blocks = card_text(card), announcement_blocks(card)
    try:
        if not item.ts or not _updated(item, text, blocks):
            _post_announcement(item, text, blocks)
    except SlackRefusedError as refused:
        if refused.code != "message_not_modified":
            note_refusal(item.workspace_id, item, refused)
            raise
    _settle_or_again(item, incident.version)


def send_message(message: RoomMessage) -> None:
    """Post one timeline entry in its room, at most one a second in a channel."""
    room = message.room
    if room.state in (Room.State.ARCHIVED, Room.State.LOST):
        settle(message, last_error=f"The room is {room.get_state_display().lower()}.")
        return
    if not consume(f"slack:post:{room.team_id}:{room.channel_id}", 1):
        hand_back([message], delay_s=1.0)
        return
    key = f"entry:{message.entry_id}"
    ts = find_posted(room.team, room.channel_id, key) if message.tried_at is not None else ""
    if not ts:
        mark_tried(message.workspace_id, message)
        ts = str(post(room.team, room.channel_id, entry_text(room.team, message.entry), key=key)["ts"])
    settle(message, ts=ts)


def entry_text(team: SlackTeam, entry: TimelineEntry) -> str:
    """A timeline entry as a message: who, and what."""
    link = SlackUser.objects.of(team.workspace_id).filter(team=team, user_id=entry.author_id or 0).first()
    who = f"<@{link.slack_id}>" if link else escaped(entry.author_label)
    public = " (public)" if entry.is_public else ""
    icon = ICONS.get(entry.kind, ":small_blue_diamond:")
    kind = entry.kind.replace("_", " ").capitalize()
    return cut(f"{icon} *{kind}*{public} by {who}\n{escaped(entry.message)}", MAX_PLAIN_CHARS)


def _updated(item: Announcement, text: str, blocks: list[dict[str, object]]) -> bool:
    """Whether the message was still there."""
    try:
        update(item.team, item.channel_id, item.ts, text, blocks)
    except SlackRefusedError as refused:
        if refused.code in CARD_GONE:
            return False
        raise
    return True


def _post_announcement(item: Announcement, text: str, blocks: list[dict[str, object]]) -> None:
    key = f"announcement:{item.pk}"
    ts = find_posted(item.team, item.channel_id, key) if item.tried_at is not None and not item.ts else ""
    if not ts:
        mark_tried(item.workspace_id, item)
        posted = post(item.team, item.channel_id, text, key=key, blocks=blocks)
        ts, item.channel_id = str(posted["ts"]), str(posted.get("channel") or item.channel_id)
    item.ts = ts
    found = {"ts": ts, "channel_id": item.channel_id}
    Announcement.objects.of(item.workspace_id).filter(pk=item.pk).update(**found)


def _settle_or_again(item: Announcement, shown: int) -> None:
    with transaction.atomic():
        now_wanted = Announcement.objects.of(item.workspace_id).select_for_update().get(pk=item.pk)
        if now_wanted.wanted_version > shown:
            reschedule(item, Now() + timedelta(seconds=CARD_WAIT_S), shown_version=shown)
        else:
            settle(item, shown_version=shown, code="", hint="")
