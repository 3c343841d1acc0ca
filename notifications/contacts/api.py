"""The API of a person's own contact methods and quiet hours."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from notifications.contacts.models import ContactMethod, QuietHours
from notifications.contacts.services import (
    add_method,
    methods_of,
    quiet_hours_of,
    remove_method,
    send_code,
    set_quiet_hours,
    verify_method,
)

router = Router(tags=["Notifications"])


class MethodPath(Schema):
    """A contact method by id."""

    method_id: int = Field(ge=1, le=2**63 - 1, description="The id of one of your contact methods.")


class MethodIn(Schema):
    """A contact method to add."""

    kind: str = Field(max_length=10, description="`email`, `slack` or `apprise`.")
    address: str = Field(
        max_length=1000, description="An email address, a Slack member ID (`U…`), or an apprise URL."
    )


class CodeIn(Schema):
    """A verification code."""

    code: str = Field(max_length=20, description="The six-digit code that was sent.")


class MethodOut(Schema):
    """A contact method. The address is shortened."""

    id: int = Field(description="Its id.")
    kind: str = Field(description="`email`, `slack` or `apprise`.")
    hint: str = Field(description="The address, shortened.")
    position: int = Field(description="Position, in the order they were added.")
    verified_at: datetime | None = Field(description="When it was verified; null: not verified, so not used.")


class QuietHoursBody(Schema):
    """Local times between which notices wait. Both times, or neither."""

    quiet_from: time | None = Field(None, description="From this local time; null: no quiet hours.")
    quiet_until: time | None = Field(None, description="Until this local time; null: no quiet hours.")


def method_json(method: ContactMethod) -> dict[str, Any]:
    """The fields of `MethodOut`."""
    names = ("id", "kind", "hint", "position", "verified_at")
    return {name: getattr(method, name) for name in names}


def _hours(hours: QuietHours | None) -> dict[str, Any]:
    if hours is None:
        return {"quiet_from": None, "quiet_until": None}
    return {"quiet_from": hours.quiet_from, "quiet_until": hours.quiet_until}


@router.get("/contact-methods", response=list[MethodOut], summary="List your contact methods")
def list_methods(request: HttpRequest) -> list[dict[str, Any]]:
    """Your own, in the order they were added."""
    known_only(request, ())
    return [method_json(one) for one in methods_of(actor_in(request))]


@router.post("/contact-methods", response={201: MethodOut}, summary="Add a contact method")
def post_method(request: HttpRequest, body: MethodIn) -> Status[dict[str, Any]]:
    """Sends a verification code; the method is used once it is verified. 503 when the code cannot be sent."""
    method = add_method(actor_in(request), kind=body.kind, address=body.address)
    return Status(201, method_json(method))


@router.post("/contact-methods/{method_id}/code", response={204: None}, summary="Send a new code")
def post_code(request: HttpRequest, path: Path[MethodPath]) -> Status[None]:
    """At most once a minute. 503 when it cannot be sent."""
    send_code(actor_in(request), method_id=path.method_id)
    return Status(204, None)


@router.post("/contact-methods/{method_id}/verify", response=MethodOut, summary="Verify a contact method")
def post_verify(request: HttpRequest, path: Path[MethodPath], body: CodeIn) -> dict[str, Any]:
    """Five attempts per code. Idempotent once verified."""
    return method_json(verify_method(actor_in(request), method_id=path.method_id, code=body.code))


@router.delete("/contact-methods/{method_id}", response={204: None}, summary="Remove a contact method")
def delete_method(request: HttpRequest, path: Path[MethodPath]) -> Status[None]:
    """You are no longer paged by it."""
    remove_method(actor_in(request), method_id=path.method_id)
    return Status(204, None)


@router.get("/quiet-hours", response=QuietHoursBody, summary="Show your quiet hours")
def get_quiet_hours(request: HttpRequest) -> dict[str, Any]:
    """Both times are null without quiet hours."""
    known_only(request, ())
    return _hours(quiet_hours_of(actor_in(request)))


@router.put("/quiet-hours", response=QuietHoursBody, summary="Set your quiet hours")
def put_quiet_hours(request: HttpRequest, body: QuietHoursBody) -> dict[str, Any]:
    """Notices are held until they end; pages are not."""
    actor = actor_in(request)
    set_quiet_hours(actor, quiet_from=body.quiet_from, quiet_until=body.quiet_until)
    return _hours(quiet_hours_of(actor))
