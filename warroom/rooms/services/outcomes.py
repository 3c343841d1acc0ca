"""Writes down what became of the steps of a room."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.actor import system_actor
from core.queue.items import settle
from incidents.timeline.services.system_entries import add_system_entry
from incidents.vocabulary import EntryKind
from warroom.rooms.models import Announcement, Room, RoomMessage, RoomStep
from warroom.slack.errors import CHANNEL_GONE, SlackRefusedError

MAX_SLACK_TOPIC: Final = 1000
Tried = RoomStep | Announcement | RoomMessage


def mark_tried(workspace_id: int, item: Tried) -> None:
    """Remember that a call is about to be made that must not be made twice; the first time counts."""
    if item.tried_at is None:
        item.tried_at = timezone.now()
        type(item).objects.of(workspace_id).filter(pk=item.pk).update(tried_at=item.tried_at)


def channel_opened(workspace_id: int, step: RoomStep, room: Room, *, channel_id: str, name: str) -> None:
    """The channel exists: note it on the room and, once, on the timeline.

    A public one of an incident that turned private while it was made is archived; another one is made.
    """
    with transaction.atomic():
        fresh = Room.objects.of(workspace_id).select_for_update().get(pk=room.pk)
        if fresh.is_private and not room.is_private:
            values = {"workspace_id": workspace_id, "label": f"#{name}"[:150]}
            RoomStep.objects.of(workspace_id).get_or_create(
                room=fresh, kind=RoomStep.Kind.ARCHIVE, argument=channel_id, defaults=values
            )
        if fresh.channel_id or fresh.is_private != room.is_private:
            return
        found = {"channel_id": channel_id, "name": name, "state": Room.State.OPEN}
        Room.objects.of(workspace_id).filter(pk=room.pk).update(**found)
        add_system_entry(
            system_actor(workspace_id),
            incident_id=room.incident_id,
            kind=EntryKind.SLACK,
            message=f"War room #{name} opened in Slack.",
            once=f"slack:room:{channel_id}",
        )


def step_done(workspace_id: int, step: RoomStep, room: Room) -> None:
    """A step went well: it has no fault any more, and once no other has, neither has its room."""
    if step.code or step.hint:
        step.code = step.hint = ""
        RoomStep.objects.of(workspace_id).filter(pk=step.pk).update(code="", hint="")
    if room.state not in (Room.State.NEEDS_HELP, Room.State.OPENING) or step.kind == RoomStep.Kind.CREATE:
        return
    others = RoomStep.objects.of(workspace_id).filter(room=room, state=RoomStep.State.DEAD)
    if not others.exclude(pk=step.pk).exclude(kind=RoomStep.Kind.INVITE).exists():
        rooms = Room.objects.of(workspace_id).filter(pk=room.pk).exclude(channel_id="")
        rooms.filter(state__in=(Room.State.NEEDS_HELP, Room.State.OPENING)).update(state=Room.State.OPEN)


def room_archived(workspace_id: int, room: Room) -> None:
    """Its channel is archived in Slack, by us or by a person."""
    rooms = Room.objects.of(workspace_id).filter(pk=room.pk)
    rooms.update(state=Room.State.ARCHIVED, archived_at=timezone.now())


def topic_set(workspace_id: int, room: Room, topic: str, slack_topic: str) -> None:
    """What the topic was set to, and how Slack writes it."""
    told = {"topic": topic, "slack_topic": slack_topic[:MAX_SLACK_TOPIC]}
    Room.objects.of(workspace_id).filter(pk=room.pk).update(**told)


def topic_shown(workspace_id: int, room: Room, slack_topic: str) -> None:
    """What Slack shows as topic: where someone changed it, it is set again."""
    rooms = Room.objects.of(workspace_id).filter(pk=room.pk, topic=room.topic).exclude(topic="")
    if not room.slack_topic:
        rooms.update(slack_topic=slack_topic[:MAX_SLACK_TOPIC])
    elif slack_topic[:MAX_SLACK_TOPIC] != room.slack_topic and rooms.update(topic="", slack_topic=""):
        steps = RoomStep.objects.of(workspace_id).filter(room=room, kind=RoomStep.Kind.TOPIC)
        steps.filter(state=RoomStep.State.DONE).update(
            state=RoomStep.State.PENDING, attempts=0, due_at=Now(), settled_at=None
        )


def room_lost(workspace_id: int, room: Room) -> None:
    """Its channel was deleted in Slack, or the app may not see it any more."""
    Room.objects.of(workspace_id).filter(pk=room.pk).update(state=Room.State.LOST)


def card_gone(workspace_id: int, room: Room) -> None:
    """The card was deleted in Slack: a new one is posted and pinned."""
    room.card_ts = ""
    Room.objects.of(workspace_id).filter(pk=room.pk).update(card_ts="")
    steps = RoomStep.objects.of(workspace_id).filter(room=room, kind=RoomStep.Kind.PIN)
    steps.update(state=RoomStep.State.PENDING, attempts=0, settled_at=None)


def skip_step(workspace_id: int, step: RoomStep, code: str, hint: str) -> None:
    """Settle a step that cannot be done and does not matter to the others; it shows why."""
    step.code = code
    settle(step, code=code[:64], hint=hint[:300])


def note_refusal(workspace_id: int, item: RoomStep | Announcement, refused: SlackRefusedError) -> None:
    """Keep Slack's word and what a person can do; a step also says it on its room."""
    told = {"code": refused.code[:64], "hint": refused.hint[:300]}
    type(item).objects.of(workspace_id).filter(pk=item.pk).update(**told)
    if not isinstance(item, RoomStep) or item.kind == RoomStep.Kind.INVITE:
        return
    if item.kind != RoomStep.Kind.CREATE and note_channel_refused(workspace_id, item.room, refused):
        return
    Room.objects.of(workspace_id).filter(pk=item.room_id).update(state=Room.State.NEEDS_HELP)


def note_channel_refused(workspace_id: int, room: Room, refused: SlackRefusedError) -> bool:
    """Note on a room that its channel is lost or archived. Returns whether Slack said so."""
    if refused.code in CHANNEL_GONE:
        room_lost(workspace_id, room)
    elif refused.code == "is_archived":
        room_archived(workspace_id, room)
    else:
        return False
    return True
