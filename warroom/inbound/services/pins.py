"""Puts messages of a room on the timeline, each once."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction

from accounts.actor import Actor
from incidents.timeline.services.notes import add_entry
from incidents.vocabulary import EntryKind
from warroom.inbound.models import SlackPin
from warroom.rooms.models import Room


def pin_message(actor: Actor, *, room: Room, ts: str, text: str, via: str) -> bool:
    """Write a message as a note at the time it was posted. Returns False when it is there already.

    Raises Forbidden, Invalid, NotFound.
    """
    with transaction.atomic():
        values = {"workspace_id": room.workspace_id, "by_id": actor.user_id, "via": via}
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
