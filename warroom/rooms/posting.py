"""Posts and updates announcements, at most one new one a second in each channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from core.queue.items import reschedule, settle
from core.rate_limit.store import take_turn
from incidents.models import Incident
from incidents.selectors import incident_by_id
from warroom.connection.services.team_state import note_announce_channel
from warroom.rooms.cards import announcement_blocks, card_text
from warroom.rooms.models import Announcement, Room
from warroom.rooms.present import card_of
from warroom.rooms.services.outcomes import mark_tried, note_refusal
from warroom.slack.errors import CARD_GONE, CHANNEL_GONE, SlackBusyError, SlackRefusedError
from warroom.slack.messages import POST_EVERY_S, find_posted, post, update
from warroom.slack.text import section

CARD_WAIT_S: Final = 3


def announce(item: Announcement) -> None:
    """Post or update an announcement. Raises the error of Slack, after recording it."""
    incident = incident_by_id(item.workspace_id, item.incident_id)
    if incident.is_private:
        _withdraw(item, incident)
        return
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
            if refused.code in CHANNEL_GONE or refused.code == "is_archived":
                note_announce_channel(item.workspace_id, item.team, refused.hint)
            raise
    _settle_or_repeat(item, incident.version)


def _withdraw(item: Announcement, incident: Incident) -> None:
    """Remove the content of an incident that became private from its announcement, or post none."""
    if item.ts:
        text = f"{incident.reference} is private now. People invited to it see it in Tocsin."
        _updated(item, text, [section(text)])
    _settle_or_repeat(item, incident.version)


def _updated(item: Announcement, text: str, blocks: list[dict[str, object]]) -> bool:
    """Update the message. Returns False if it was deleted."""
    try:
        update(item.team, item.channel_id, item.ts, text, blocks)
    except SlackRefusedError as refused:
        if refused.code in CARD_GONE:
            return False
        raise
    return True


def _post_announcement(item: Announcement, text: str, blocks: list[dict[str, object]]) -> None:
    key = f"announcement:{item.pk}"
    ts = "" if item.ts else find_posted(item.team, item.channel_id, key, since=item.tried_at)
    if not ts:
        if not take_turn(f"slack:post:{item.team.pk}:{item.channel_id}", POST_EVERY_S):
            raise SlackBusyError("A channel gets one message a second.", 1.0)
        mark_tried(item.workspace_id, item)
        posted = post(item.team, item.channel_id, text, key=key, blocks=blocks)
        ts, item.channel_id = str(posted["ts"]), str(posted.get("channel") or item.channel_id)
    item.ts = ts
    found = {"ts": ts, "channel_id": item.channel_id}
    Announcement.objects.of(item.workspace_id).filter(pk=item.pk).update(**found)


def _settle_or_repeat(item: Announcement, shown: int) -> None:
    with transaction.atomic():
        now_wanted = Announcement.objects.of(item.workspace_id).select_for_update().get(pk=item.pk)
        if now_wanted.wanted_version > shown:
            reschedule(item, Now() + timedelta(seconds=CARD_WAIT_S), shown_version=shown)
        else:
            settle(item, shown_version=shown, code="", hint="")
