"""Writes down what became of the steps of a room."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.actor import system_actor
from core.queue.items import settle
from incidents.timeline.services.system_entries import add_system_entry
from incidents.vocabulary import EntryKind
from warroom.rooms.models import Announcement, Room, RoomMessage, RoomStep
from warroom.slack.errors import CHANNEL_GONE, SlackRefusedError

Tried = RoomStep | Announcement | RoomMessage


def mark_tried(workspace_id: int, item: Tried) -> None:
    """Remember that a call is about to be made that must not be made twice; the first time counts."""
    if item.tried_at is None:
        item.tried_at = timezone.now()
        type(item).objects.of(workspace_id).filter(pk=item.pk).update(tried_at=item.tried_at)


def channel_opened(workspace_id: int, step: RoomStep, room: Room, *, channel_id: str, name: str) -> None:
    """The channel exists: note it on the room and, once, on the timeline."""
    with transaction.atomic():
        fresh = Room.objects.of(workspace_id).select_for_update().get(pk=room.pk)
        if fresh.channel_id:
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
    state = Room.State.NEEDS_HELP
    if item.kind != RoomStep.Kind.CREATE and refused.code in CHANNEL_GONE:
        state = Room.State.LOST
    elif refused.code == "is_archived":
        state = Room.State.ARCHIVED
    Room.objects.of(workspace_id).filter(pk=item.room_id).update(state=state)
