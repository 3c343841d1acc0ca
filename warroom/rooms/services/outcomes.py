"""Records the outcomes of room steps."""

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
Retried = RoomStep | Announcement | RoomMessage


def mark_tried(workspace_id: int, item: Retried) -> None:
    """Record the first attempt of a call that must not be made twice."""
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
    """Record the success of a step; clears the room's error if no other step failed."""
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
    """Record that the channel was archived in Slack, by us or by a person."""
    rooms = Room.objects.of(workspace_id).filter(pk=room.pk)
    rooms.update(state=Room.State.ARCHIVED, archived_at=timezone.now())


def topic_set(workspace_id: int, room: Room, topic: str, slack_topic: str) -> None:
    """Record the topic that was set, and how Slack returned it."""
    values = {"topic": topic, "slack_topic": slack_topic[:MAX_SLACK_TOPIC]}
    Room.objects.of(workspace_id).filter(pk=room.pk).update(**values)


def compare_topic(workspace_id: int, room: Room, slack_topic: str) -> None:
    """Compare with the topic in Slack: if a person changed it, plan to set it again."""
    rooms = Room.objects.of(workspace_id).filter(pk=room.pk, topic=room.topic).exclude(topic="")
    if not room.slack_topic:
        rooms.update(slack_topic=slack_topic[:MAX_SLACK_TOPIC])
    elif slack_topic[:MAX_SLACK_TOPIC] != room.slack_topic and rooms.update(topic="", slack_topic=""):
        steps = RoomStep.objects.of(workspace_id).filter(room=room, kind=RoomStep.Kind.TOPIC)
        steps.filter(state=RoomStep.State.DONE).update(
            state=RoomStep.State.PENDING, attempts=0, due_at=Now(), settled_at=None
        )


def room_lost(workspace_id: int, room: Room) -> None:
    """Record that the channel was deleted in Slack, or is no longer visible to the app."""
    Room.objects.of(workspace_id).filter(pk=room.pk).update(state=Room.State.LOST)


def repost_card(workspace_id: int, room: Room) -> None:
    """The card was deleted in Slack: plan to post and pin a new one."""
    room.card_ts = ""
    Room.objects.of(workspace_id).filter(pk=room.pk).update(card_ts="")
    steps = RoomStep.objects.of(workspace_id).filter(room=room, kind=RoomStep.Kind.PIN)
    steps.update(state=RoomStep.State.PENDING, attempts=0, settled_at=None)


def skip_step(workspace_id: int, step: RoomStep, code: str, hint: str) -> None:
    """Settle a step that cannot be done and is optional, with the reason."""
    step.code = code
    settle(step, code=code[:64], hint=hint[:300])


def withdraw_step(workspace_id: int, step: RoomStep) -> None:
    """Delete a step that must not be done, so that it can be planned again."""
    RoomStep.objects.of(workspace_id).filter(pk=step.pk).delete()
    step.is_settled = True


def note_refusal(workspace_id: int, item: RoomStep | Announcement, refused: SlackRefusedError) -> None:
    """Store Slack's error code and the hint; for a step also on its room."""
    values = {"code": refused.code[:64], "hint": refused.hint[:300]}
    type(item).objects.of(workspace_id).filter(pk=item.pk).update(**values)
    if not isinstance(item, RoomStep) or item.kind == RoomStep.Kind.INVITE:
        return
    if item.kind != RoomStep.Kind.CREATE and note_channel_refused(workspace_id, item.room, refused):
        return
    Room.objects.of(workspace_id).filter(pk=item.room_id).update(state=Room.State.NEEDS_HELP)


def note_channel_refused(workspace_id: int, room: Room, refused: SlackRefusedError) -> bool:
    """Record that the channel of a room is lost or archived, if Slack says so. Returns whether it did."""
    if refused.code in CHANNEL_GONE:
        room_lost(workspace_id, room)
    elif refused.code == "is_archived":
        room_archived(workspace_id, room)
    else:
        return False
    return True
