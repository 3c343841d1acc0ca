"""The API of channels and deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only, link_pages
from notifications.channels.models import Channel
from notifications.channels.selectors import channel_for, channels_for
from notifications.channels.services import create_channel, delete_channel, update_channel
from notifications.channels.targets import generated_secret
from notifications.channels.testing import send_test
from notifications.deliveries.models import Delivery
from notifications.deliveries.selectors import attempts_of, deliveries_page, delivery_for
from notifications.deliveries.services import resend_delivery

channels_router = Router(tags=["Notifications"])
deliveries_router = Router(tags=["Notifications"])
ID = Field(ge=1, le=2**63 - 1)


class ChannelPath(Schema):
    """A channel by id."""

    channel_id: int = ID


class DeliveryPath(Schema):
    """A delivery by id."""

    delivery_id: int = ID


class ChannelIn(Schema):
    """A channel to create. The fields of `config` and `secrets` depend on the kind."""

    kind: str = Field(max_length=20)
    name: str = Field(max_length=80)
    config: dict[str, str] = Field(default_factory=dict, max_length=10)
    secrets: dict[str, str] = Field(default_factory=dict, max_length=10)
    fallback_id: int | None = Field(None, ge=1, le=2**63 - 1)
    for_drills: bool = False


class ChannelPatch(Schema):
    """Fields to change; omitted fields stay as they are."""

    name: str | None = Field(None, max_length=80)
    config: dict[str, str] | None = Field(None, max_length=10)
    secrets: dict[str, str] | None = Field(None, max_length=10)
    fallback_id: int | None = Field(None, ge=1, le=2**63 - 1)
    enabled: bool | None = None
    for_drills: bool | None = None


class ChannelOut(Schema):
    """A channel. Secrets are never returned."""

    id: int
    kind: str
    name: str
    config: dict[str, str]
    fallback_id: int | None
    enabled: bool
    for_drills: bool
    state: str
    reason: str
    retry_at: datetime | None
    last_ok_at: datetime | None


class ChannelCreatedOut(ChannelOut):
    """A new channel. `signing_secret`: generated for a webhook, returned only here."""

    signing_secret: str | None


class ChannelTestStepOut(Schema):
    """One step of a test."""

    title: str
    ok: bool
    detail: str


class DeliveryQuery(Schema):
    """Cursor pagination: the next page is in the `Link` header."""

    incident: int | None = Field(None, ge=1, le=2**31 - 1)
    outcome: str = Field("", max_length=12)
    channel_id: int | None = Field(None, ge=1, le=2**63 - 1)
    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", max_length=200)


class DeliveryOut(Schema):
    """A delivery: event, destination, reason and outcome."""

    id: int
    public_id: str
    event_kind: str
    incident: int | None
    to: str
    channel_id: int | None
    priority: int
    outcome: str
    reason: str
    why: str
    attempts: int
    due_at: datetime
    created_at: datetime
    settled_at: datetime | None


class AttemptOut(Schema):
    """One attempt."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    result: str
    status: int | None
    detail: str


class DeliveryDetailOut(DeliveryOut):
    """A delivery with its latest attempts."""

    log: list[AttemptOut]


def _channel(channel: Channel) -> dict[str, Any]:
    names = ("id", "kind", "name", "config", "fallback_id", "state", "reason", "retry_at", "last_ok_at")
    shown = {name: getattr(channel, name) for name in names}
    return shown | {"enabled": channel.is_enabled, "for_drills": channel.is_for_drills}


def _delivery(one: Delivery) -> dict[str, Any]:
    names = (
        "id", "event_kind", "channel_id", "priority", "outcome", "reason", "why", "attempts", "due_at",
        "created_at", "settled_at",
    )  # fmt: skip
    shown = {name: getattr(one, name) for name in names}
    return shown | {"public_id": str(one.public_id), "incident": one.incident_number, "to": one.label}


@channels_router.get("", response=list[ChannelOut], summary="List channels")
def list_channels(request: HttpRequest) -> list[dict[str, Any]]:
    """All channels, by name. Needs `incidents:read`."""
    return [_channel(channel) for channel in channels_for(actor_in(request))]


@channels_router.post("", response={201: ChannelCreatedOut}, summary="Create a channel")
def post_channel(request: HttpRequest, body: ChannelIn) -> Status[dict[str, Any]]:
    """Needs `admin`. Secrets are encrypted; only a generated signing secret is returned, once."""
    given = body.dict()
    given["is_for_drills"] = given.pop("for_drills")
    channel = create_channel(actor_in(request), **given)
    secret = generated_secret(channel, body.secrets) or None
    return Status(201, _channel(channel) | {"signing_secret": secret})


@channels_router.get("/{channel_id}", response=ChannelOut, summary="Get a channel")
def get_channel(request: HttpRequest, path: Path[ChannelPath]) -> dict[str, Any]:
    """Needs `incidents:read`."""
    return _channel(channel_for(actor_in(request), path.channel_id))


@channels_router.patch("/{channel_id}", response=ChannelOut, summary="Change a channel")
def patch_channel(request: HttpRequest, path: Path[ChannelPath], body: ChannelPatch) -> dict[str, Any]:
    """Needs `admin`. Empty secrets are not changed."""
    given = body.dict(exclude_unset=True)
    has_fallback = "fallback_id" in given
    given["is_enabled"] = given.pop("enabled", None)
    given["is_for_drills"] = given.pop("for_drills", None)
    actor = actor_in(request)
    changed = update_channel(actor, channel_id=path.channel_id, changes_fallback=has_fallback, **given)
    return _channel(changed)


@channels_router.delete("/{channel_id}", response={204: None}, summary="Delete a channel")
def remove_channel(request: HttpRequest, path: Path[ChannelPath]) -> Status[None]:
    """Needs `admin`. Its deliveries are retained."""
    delete_channel(actor_in(request), channel_id=path.channel_id)
    return Status(204, None)


@channels_router.post("/{channel_id}/test", response=list[ChannelTestStepOut], summary="Send a test")
def post_test(request: HttpRequest, path: Path[ChannelPath]) -> list[dict[str, Any]]:
    """Sends a test message synchronously and returns each step. Needs `admin`."""
    steps = send_test(actor_in(request), channel_id=path.channel_id)
    return [{"title": step.title, "ok": step.is_ok, "detail": step.detail} for step in steps]


@deliveries_router.get("", response=list[DeliveryOut], summary="List deliveries")
def list_deliveries(
    request: HttpRequest, response: HttpResponse, query: Query[DeliveryQuery]
) -> list[dict[str, Any]]:
    """Newest first; filter by incident number, outcome or channel. Needs `incidents:read`."""
    known_only(request, DeliveryQuery.model_fields)
    found, following = deliveries_page(
        actor_in(request), incident_number=query.incident, outcome=query.outcome,
        channel_id=query.channel_id, before=query.cursor, limit=query.limit,
    )  # fmt: skip
    link_pages(request, response, following)
    return [_delivery(one) for one in found]


@deliveries_router.get("/{delivery_id}", response=DeliveryDetailOut, summary="Get a delivery")
def get_delivery(request: HttpRequest, path: Path[DeliveryPath]) -> dict[str, Any]:
    """With its latest attempts. Needs `incidents:read`."""
    found = delivery_for(actor_in(request), path.delivery_id)
    names = ("number", "started_at", "ended_at", "result", "status", "detail")
    log = [{name: getattr(attempt, name) for name in names} for attempt in attempts_of(found)]
    return _delivery(found) | {"log": log}


@deliveries_router.post("/{delivery_id}/resend", response=DeliveryOut, summary="Resend a delivery")
def post_resend(request: HttpRequest, path: Path[DeliveryPath]) -> dict[str, Any]:
    """Retries a failed delivery, or copies a sent one to a new delivery. Needs `incidents:write`."""
    return _delivery(resend_delivery(actor_in(request), delivery_id=path.delivery_id))
