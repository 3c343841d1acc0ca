"""API of heartbeat monitors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.actor import Actor
from accounts.schemas import Body
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from detection.heartbeats.models import Heartbeat
from detection.heartbeats.selectors import address_of, heartbeat_for, heartbeats_of
from detection.heartbeats.services.heartbeats import (
    HeartbeatValues,
    create_heartbeat,
    delete_heartbeat,
    set_paused,
    update_heartbeat,
)

router = Router(tags=["Heartbeats"])


class HeartbeatPath(Schema):
    """A heartbeat by id."""

    heartbeat_id: int = Field(ge=1, le=2**63 - 1)


class HeartbeatIn(Body):
    """A monitor: down when no beat arrived for `period_s` plus `grace_s` seconds."""

    name: Annotated[str, Field(max_length=120)]
    period_s: Annotated[int, Field(ge=0, le=10**9)]
    grace_s: Annotated[int, Field(ge=0, le=10**9)] = 60
    component: Annotated[str, Field(max_length=200, description="Empty: the name.")] = ""
    severity: Annotated[str, Field(max_length=10)] = "sev2"


class HeartbeatPatch(Body):
    """Fields to change; missing ones stay."""

    name: Annotated[str, Field(max_length=120)] | None = None
    period_s: Annotated[int, Field(ge=0, le=10**9)] | None = None
    grace_s: Annotated[int, Field(ge=0, le=10**9)] | None = None
    component: Annotated[str, Field(max_length=200, description="Empty: the name.")] | None = None
    severity: Annotated[str, Field(max_length=10)] | None = None


class HeartbeatOut(Schema):
    """A monitor. `address` accepts GET and POST; empty for those who may not change monitors."""

    id: int
    name: str
    component: str
    severity: str
    period_s: int
    grace_s: int
    status: str
    last_beat_at: datetime | None
    due_at: datetime | None
    address: str


def heartbeat_json(actor: Actor, one: Heartbeat) -> dict[str, Any]:
    """Return the fields of `HeartbeatOut`."""
    names = ("name", "component", "severity", "period_s", "grace_s", "status", "last_beat_at", "due_at")
    shown = {name: getattr(one, name) for name in names}
    return shown | {"id": one.pk, "address": address_of(actor, one)}


@router.get("", response=list[HeartbeatOut], summary="List heartbeats")
def list_heartbeats(request: HttpRequest) -> Any:
    """List heartbeat monitors by name."""
    known_only(request, ())
    actor = actor_in(request)
    return [heartbeat_json(actor, one) for one in heartbeats_of(actor)]


@router.post("", response={201: HeartbeatOut}, summary="Create a heartbeat")
def create(request: HttpRequest, body: HeartbeatIn) -> Any:
    """Create a monitor, which waits for its first beat. Call `address` whenever the job has run."""
    actor = actor_in(request)
    return Status(201, heartbeat_json(actor, create_heartbeat(actor, HeartbeatValues(**body.model_dump()))))


@router.get("/{heartbeat_id}", response=HeartbeatOut, summary="Show a heartbeat")
def show(request: HttpRequest, where: Path[HeartbeatPath]) -> Any:
    """Return a monitor with its state: new, up, late, down or paused."""
    known_only(request, ())
    actor = actor_in(request)
    return heartbeat_json(actor, heartbeat_for(actor, where.heartbeat_id))


@router.patch("/{heartbeat_id}", response=HeartbeatOut, summary="Change a heartbeat")
def change(request: HttpRequest, where: Path[HeartbeatPath], body: HeartbeatPatch) -> Any:
    """Change a monitor. URL and state stay; its deadline moves by the change of period and grace."""
    actor = actor_in(request)
    given = body.model_dump(exclude_none=True)
    return heartbeat_json(actor, update_heartbeat(actor, where.heartbeat_id, **given))


@router.post("/{heartbeat_id}/pause", response=HeartbeatOut, summary="Pause a heartbeat")
def pause(request: HttpRequest, where: Path[HeartbeatPath]) -> Any:
    """Pause a monitor: it opens no incidents. Idempotent."""
    actor = actor_in(request)
    return heartbeat_json(actor, set_paused(actor, where.heartbeat_id, paused=True))


@router.post("/{heartbeat_id}/resume", response=HeartbeatOut, summary="Resume a heartbeat")
def resume(request: HttpRequest, where: Path[HeartbeatPath]) -> Any:
    """Resume a monitor, which waits for its next beat. Idempotent."""
    actor = actor_in(request)
    return heartbeat_json(actor, set_paused(actor, where.heartbeat_id, paused=False))


@router.delete("/{heartbeat_id}", response={204: None}, summary="Delete a heartbeat")
def delete(request: HttpRequest, where: Path[HeartbeatPath]) -> Any:
    """Delete a monitor. Its incident stays."""
    delete_heartbeat(actor_in(request), where.heartbeat_id)
    return Status(204, None)
