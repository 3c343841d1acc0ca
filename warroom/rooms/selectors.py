"""Reads rooms and announcements."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from incidents.models import Incident
from warroom.rooms.models import Announcement, Room, RoomStep


def room_of(actor: Actor, incident: Incident) -> Room | None:
    """The room of an incident, with its team, or None. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return next(iter(_rooms(actor.workspace_id, incident.pk)), None)


@compiled(int, int)
def _rooms(workspace_id: int, incident_id: int) -> QuerySet[Room]:
    rows = Room.objects.of(workspace_id).filter(incident_id=incident_id)
    return rows.select_related("team").order_by("pk")[:1]


def steps_of(actor: Actor, room: Room) -> Sequence[RoomStep]:
    """The steps of a room, in planned order. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return list(RoomStep.objects.of(actor.workspace_id).filter(room=room).order_by("id")[:100])


def announcements_of(actor: Actor, incident: Incident) -> Sequence[Announcement]:
    """The announcements of an incident, one per team. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rows = Announcement.objects.of(actor.workspace_id).filter(incident=incident).select_related("team")
    return list(rows.order_by("-team__is_default", "id")[:20])
