"""API for signing in a command line."""

from __future__ import annotations

from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from accounts.models import Scope
from accounts.schemas import Body
from accounts.tokens.api_authentication import actor_in
from accounts.tokens.device_services import (
    CODE_LIFE,
    POLL_EVERY_S,
    collect_device_token,
    start_device_sign_in,
)
from accounts.tokens.services import revoke_own_token
from core.http.client_ip import network_of
from core.rate_limit.limiter import Limit, rate_limiter

router = Router(tags=["Accounts"])


class DeviceIn(Body):
    """A name for the host, and the requested scopes."""

    host: Annotated[str, Field(max_length=100)] = ""
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=10)]


class DeviceOut(Schema):
    """Show `user_code` and the URL to the person; request the token every `interval` seconds."""

    user_code: str = Field(examples=["WDJB-MJHT"])
    device_code: str
    verification_url: str
    interval: int
    expires_in: int


class DeviceTokenIn(Body):
    """The code that only the device knows."""

    device_code: Annotated[str, Field(min_length=20, max_length=100)]


class DeviceTokenOut(Schema):
    """The token, or null while the decision is pending."""

    token: str | None


@router.post("/device/start", response={201: DeviceOut}, auth=None, summary="Start to sign a device in")
def start(request: HttpRequest, body: DeviceIn) -> Any:
    """Start a sign-in; needs no token. The code is valid for ten minutes."""
    address = _charge(request, 10)
    started = start_device_sign_in(timezone.now(), host=body.host, scopes=body.scopes, address=address)
    return Status(201, {
        "user_code": started.user_code,
        "device_code": started.device_code,
        "verification_url": f"{settings.BASE_URL}/device",
        "interval": POLL_EVERY_S,
        "expires_in": int(CODE_LIFE.total_seconds()),
    })  # fmt: skip


@router.post("/device/token", response=DeviceTokenOut, auth=None, summary="Ask for the token of a device")
def token(request: HttpRequest, body: DeviceTokenIn) -> Any:
    """Return null until a person approves the code; then the token, once. 403 when it was denied."""
    _charge(request, 60)
    return {"token": collect_device_token(timezone.now(), device_code=body.device_code) or None}


@router.delete("/me/token", response={204: None}, summary="Revoke the token of this call")
def revoke_mine(request: HttpRequest) -> Any:
    """Revoke the token of this request."""
    revoke_own_token(actor_in(request))
    return Status(204, None)


def _charge(request: HttpRequest, most: int) -> str:
    address = str(request.META.get("REMOTE_ADDR", ""))
    rate_limiter().charge(Limit(f"device:{network_of(address)}:{most}", most, 60, "requests a minute"))
    return address
