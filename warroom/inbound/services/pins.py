"""Adds messages of rooms and threads to the timeline, each once."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from django.db.models.functions import Now

from accounts.actor import Actor
from incidents.models import TimelineEntry
from incidents.timeline.services.notes import add_entry
from incidents.vocabulary import EntryKind
from warroom.inbound.models import SlackPin
from warroom.rooms.models import Announcement, Room, RoomMessage


def pin_message(actor: Actor, *, room: Room, ts: str, text: str, via: str, has_images: bool = False) -> bool:
    """Add a message as a note at the time it was posted. Returns False if it is already there.

    `has_images`: record that its images are still to be stored. Raises Forbidden, Invalid, NotFound.
    """
    with transaction.atomic():
        values = {
            "workspace_id": room.workspace_id, "by_id": actor.user_id, "via": via,
            "picture_tries": int(has_images),
        }  # fmt: skip
        pin, is_new = SlackPin.objects.of(room.workspace_id).get_or_create(
            room=room, message_ts=ts, defaults=values
        )
        if not is_new:
            return False
        pin.entry = add_entry(
            actor, number=room.incident.number, kind=EntryKind.NOTE, message=text,
            occurred_at=datetime.fromtimestamp(float(ts), UTC), request_key=f"slack:{room.pk}:{ts}",
        )  # fmt: skip
        pin.save(update_fields=["entry"])
    return True


def note_picture_tries(workspace_id: int, pin: SlackPin, tries: int) -> None:
    """Record failed attempts to store the images of a message; 0: none is missing."""
    if pin.picture_tries != tries:
        pin.picture_tries = tries
        SlackPin.objects.of(workspace_id).filter(pk=pin.pk).update(picture_tries=tries)


def note_in_thread(actor: Actor, announcement: Announcement, *, ts: str, text: str) -> TimelineEntry:
    """Add a reply to an announcement as a note at the time it was posted; it is not posted there again.

    Raises Forbidden, Invalid, NotFound.
    """
    with transaction.atomic():
        made = add_entry(
            actor, number=announcement.incident.number, kind=EntryKind.NOTE, message=text,
            occurred_at=datetime.fromtimestamp(float(ts), UTC),
            request_key=f"slack:reply:{announcement.pk}:{ts}",
        )  # fmt: skip
        message = RoomMessage(
            workspace_id=announcement.workspace_id, announcement=announcement, entry=made, ts=ts,
            key=f"entry:{made.pk}", state=RoomMessage.State.DONE, settled_at=Now(),
            lane=f"thread:{announcement.pk}", is_reply=True,
        )  # fmt: skip
        RoomMessage.objects.bulk_create([message], ignore_conflicts=True)
    return made
