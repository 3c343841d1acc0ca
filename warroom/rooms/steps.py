"""Executes the steps of a room. Each is idempotent: it checks for the effect of unconfirmed attempts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from core.http.chat_text import quiet
from core.queue.items import reschedule, settle
from incidents.models import Incident
from incidents.selectors import incident_by_id
from incidents.vocabulary import Severity, Status
from postmortems.notices.mentions import who_may_see
from warroom.connection.people import slack_id_of
from warroom.rooms.cards import card_blocks, card_text
from warroom.rooms.creating import create_channel
from warroom.rooms.models import Room, RoomStep
from warroom.rooms.names import MAX_TOPIC_CHARS, topic_of
from warroom.rooms.present import card_of
from warroom.rooms.services.outcomes import (
    mark_tried,
    note_refusal,
    repost_card,
    room_archived,
    skip_step,
    step_done,
    topic_set,
    withdraw_step,
)
from warroom.rooms.services.planning import POSTMORTEM
from warroom.slack.client import call
from warroom.slack.errors import CARD_GONE, HINTS, SKIPS_PERSON, SlackRefusedError
from warroom.slack.messages import find_posted, post, update

DONE_ALREADY: Final = frozenset(
    {"already_in_channel", "already_pinned", "already_archived", "message_not_modified", "cant_invite_self"}
)
NOT_IN_CHANNEL: Final = frozenset({"not_in_channel", "user_not_found"})  # of the person to remove
CARD_WAIT_S: Final = 3


def run_step(step: RoomStep) -> None:
    """Execute a step. Raises the error of Slack, after recording it with a hint."""
    try:
        RUN[step.kind](step, step.room)
    except SlackRefusedError as refused:
        if refused.code in DONE_ALREADY or _is_out(step, refused):
            step_done(step.workspace_id, step, step.room)
            return
        if step.kind == RoomStep.Kind.INVITE and refused.code in SKIPS_PERSON:
            skip_step(step.workspace_id, step, refused.code, refused.hint)
            return
        note_refusal(step.workspace_id, step, refused)
        raise
    is_skipped = step.kind in (RoomStep.Kind.INVITE, RoomStep.Kind.REMOVE) and step.is_settled
    if not is_skipped:
        step_done(step.workspace_id, step, step.room)


def _is_out(step: RoomStep, refused: SlackRefusedError) -> bool:
    """Whether the person to remove is not in the channel."""
    return step.kind == RoomStep.Kind.REMOVE and refused.code in NOT_IN_CHANNEL


def _create(step: RoomStep, room: Room) -> None:
    if not room.channel_id:
        create_channel(step, room)


def _topic(step: RoomStep, room: Room) -> None:
    incident = _incident(room)
    if _is_exposed(room, incident):
        return
    severity, status = Severity(incident.severity).label, Status(incident.status).label
    topic = topic_of(severity, quiet(incident.title), status)
    if topic != room.topic:
        response = call(room.team, "conversations.setTopic", channel=room.channel_id, topic=topic)
        topic_set(room.workspace_id, room, topic, _topic_in(response))
    _settle_or_repeat(step, room, incident.version)


def _topic_in(response: Mapping[str, Any]) -> str:
    """The topic as returned by Slack, or ""."""
    found = (response.get("channel") or {}).get("topic")
    return str(found.get("value") or "") if isinstance(found, dict) else ""


def _purpose(step: RoomStep, room: Room) -> None:
    incident = _incident(room)
    purpose = f"Response to {incident.reference}: {settings.BASE_URL}/incidents/{incident.reference}"
    call(room.team, "conversations.setPurpose", channel=room.channel_id, purpose=purpose[:MAX_TOPIC_CHARS])


def _bookmark(step: RoomStep, room: Room) -> None:
    incident = _incident(room)
    of_postmortem = step.argument == POSTMORTEM
    page = "postmortems" if of_postmortem else "incidents"
    link = f"{settings.BASE_URL}/{page}/{incident.reference}"
    if step.tried_at is not None:
        listed = call(room.team, "bookmarks.list", channel_id=room.channel_id).get("bookmarks", [])
        if any(one.get("link") == link for one in listed):
            return
    mark_tried(step.workspace_id, step)
    title = f"Postmortem of {incident.reference}" if of_postmortem else f"{incident.reference} in Tocsin"
    call(room.team, "bookmarks.add", channel_id=room.channel_id, title=title, type="link", link=link)


def _card(step: RoomStep, room: Room) -> None:
    incident = _incident(room)
    if _is_exposed(room, incident):
        return
    card = card_of(room.team, incident)
    text, blocks = card_text(card), card_blocks(card)
    if room.card_ts:
        _update_card(step, room, text, blocks)
    else:
        _post_card(step, room, text, blocks)
    _settle_or_repeat(step, room, incident.version)


def _update_card(step: RoomStep, room: Room, text: str, blocks: list[dict[str, Any]]) -> None:
    try:
        update(room.team, room.channel_id, room.card_ts, text, blocks)
    except SlackRefusedError as refused:
        if refused.code not in CARD_GONE:
            raise
        repost_card(room.workspace_id, room)
        _post_card(step, room, text, blocks)


def _post_card(step: RoomStep, room: Room, text: str, blocks: list[dict[str, Any]]) -> None:
    key = f"card:{room.pk}:{room.channel_id}"
    ts = find_posted(room.team, room.channel_id, key, since=step.tried_at)
    if not ts:
        mark_tried(step.workspace_id, step)
        ts = str(post(room.team, room.channel_id, text, key=key, blocks=blocks)["ts"])
    Room.objects.of(room.workspace_id).filter(pk=room.pk).update(card_ts=ts)


def _pin(step: RoomStep, room: Room) -> None:
    call(room.team, "pins.add", channel=room.channel_id, timestamp=room.card_ts)


def _invite(step: RoomStep, room: Room) -> None:
    user = User.objects.filter(pk=int(step.argument), is_active=True).first()
    if user and not who_may_see(_incident(room), [user.pk]):
        withdraw_step(step.workspace_id, step)
        return
    slack_id = slack_id_of(room.team, user) if user else ""
    if not slack_id:
        skip_step(step.workspace_id, step, "not_linked", HINTS["not_linked"])
        return
    call(room.team, "conversations.invite", channel=room.channel_id, users=slack_id)


def _remove(step: RoomStep, room: Room) -> None:
    """Remove a person from a private channel, unless they may see the incident again."""
    user = User.objects.filter(pk=int(step.argument)).first()
    if user is None or who_may_see(_incident(room), [user.pk]):
        return
    slack_id = slack_id_of(room.team, user)
    if not slack_id:
        skip_step(step.workspace_id, step, "not_linked", HINTS["not_removed"])
        return
    call(room.team, "conversations.kick", channel=room.channel_id, user=slack_id)


def _archive(step: RoomStep, room: Room) -> None:
    """Archive the channel of a closed incident; with an argument, a previous channel of the room."""
    if not step.argument and _incident(room).is_unresolved:
        return
    try:
        call(room.team, "conversations.archive", channel=step.argument or room.channel_id)
    except SlackRefusedError as refused:
        if refused.code not in DONE_ALREADY:
            raise
    if not step.argument:
        room_archived(room.workspace_id, room)


def _is_exposed(room: Room, incident: Incident) -> bool:
    """Whether the incident became private but its channel is still public, so that nothing is posted."""
    return bool(incident.is_private and not room.is_private)


def _incident(room: Room) -> Incident:
    return incident_by_id(room.workspace_id, room.incident_id)


def _settle_or_repeat(step: RoomStep, room: Room, shown: int) -> None:
    """Settle under the room's lock, or repeat if a newer version was requested meanwhile."""
    with transaction.atomic():
        now_wanted = Room.objects.of(room.workspace_id).select_for_update().get(pk=room.pk)
        if step.kind == RoomStep.Kind.CARD:
            Room.objects.of(room.workspace_id).filter(pk=room.pk).update(shown_version=shown)
        if now_wanted.wanted_version > shown:
            reschedule(step, Now() + timedelta(seconds=CARD_WAIT_S))
        else:
            settle(step, code="", hint="")


RUN: Final[Mapping[str, Callable[[RoomStep, Room], None]]] = {
    RoomStep.Kind.CREATE: _create, RoomStep.Kind.PURPOSE: _purpose, RoomStep.Kind.TOPIC: _topic,
    RoomStep.Kind.BOOKMARK: _bookmark,
    RoomStep.Kind.CARD: _card, RoomStep.Kind.PIN: _pin, RoomStep.Kind.INVITE: _invite,
    RoomStep.Kind.REMOVE: _remove, RoomStep.Kind.ARCHIVE: _archive,
}  # fmt: skip
