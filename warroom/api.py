"""The API of war rooms."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.actor import Actor
from accounts.tokens.api_authentication import actor_in
from core.errors import NotFound
from core.http.link_pagination import known_only
from incidents.selectors import incident_for
from warroom.rooms.models import Room
from warroom.rooms.selectors import room_of, steps_of
from warroom.rooms.services.planning import request_room
from warroom.schemas import RoomOut

incident_router = Router(tags=["War rooms"])


class Reference(Schema):
    """An incident: `INC-42` or `42`."""

    reference: str = Field(max_length=40)


def room_json(actor: Actor, room: Room) -> dict[str, Any]:
    """The fields of `RoomOut`."""
    shown = ("state", "name", "is_private", "created_at")
    steps = [
        {name: getattr(step, name) for name in ("kind", "label", "state", "code", "hint")}
        for step in steps_of(actor, room)
    ]
    links = {"slack_channel_id": room.channel_id, "slack_channel_url": room.url}
    return {name: getattr(room, name) for name in shown} | links | {"steps": steps}


@incident_router.get("/{reference}/war-room", response=RoomOut, summary="Show the war room of an incident")
def show_room(request: HttpRequest, where: Path[Reference]) -> Any:
    """Its Slack channel and the state of each setup step. 404 without a war room."""
    known_only(request, ())
    actor = actor_in(request)
    room = room_of(actor, incident_for(actor, where.reference))
    if room is None:
        raise NotFound("This incident has no war room.")
    return room_json(actor, room)


@incident_router.post("/{reference}/war-room", response={202: RoomOut}, summary="Open a war room")
def open_room(request: HttpRequest, where: Path[Reference]) -> Any:
    """Plans the channel and its setup steps (idempotent). 409 without a Slack connection."""
    actor = actor_in(request)
    room = request_room(actor, number=where.reference)
    return Status(202, room_json(actor, room))
