"""API of the visibility of an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import actor_in
from incidents.lifecycle.api import Reference
from incidents.lifecycle.schemas import Name, Version
from incidents.privacy.selectors import invited_to
from incidents.privacy.services import invite_person, remove_person, set_private
from incidents.selectors import incident_for
from incidents.timeline.schemas import Body

router = Router(tags=["Incidents"])


class PrivacyIn(Body):
    """Whether only people invited, role holders and admins see the incident."""

    is_private: bool
    reason: str = Field("", max_length=1000, description="Goes to the timeline.")
    version: Version | None = None


class AccessInviteIn(Body):
    """A member by user name or email address."""

    username: Name


class AccessPersonOut(Schema):
    """A person who may see a private incident; without a user name a program that declared it."""

    username: str | None
    reason: str = Field(description="`declared`, `role`, `paged` or `invited`.")
    invited_by: str
    invited_at: datetime


class AccessOut(Schema):
    """Who sees an incident besides the admins; without invitations if all members do."""

    is_private: bool
    invited: list[AccessPersonOut]


class InvitationPath(Reference):
    """An incident and a member."""

    username: str = Field(max_length=254)


def _access(actor: Actor, reference: int | str) -> dict[str, Any]:
    incident = incident_for(actor, reference)
    rows = invited_to(actor, incident) if incident.is_private else []
    people = [
        {"username": one.user.username if one.user else None}
        | {name: getattr(one, name) for name in ("reason", "invited_by", "invited_at")}
        for one in rows
    ]
    return {"is_private": incident.is_private, "invited": people}


@router.get("/{reference}/access", response=AccessOut, summary="Show who may see an incident")
def show_access(request: HttpRequest, where: Path[Reference]) -> Any:
    """List the people invited to a private incident; empty if all members see it."""
    return _access(actor_in(request), where.reference)


@router.put("/{reference}/access", response=AccessOut, summary="Make an incident private or visible")
def put_access(request: HttpRequest, where: Path[Reference], body: PrivacyIn) -> Any:
    """Make an incident private or visible.

    Its reporter, role holders, acknowledger and the caller keep access. Idempotent.
    """
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)
    given: dict[str, Any] = {"is_private": body.is_private, "reason": body.reason, "version": body.version}
    incident = set_private(actor, number=where.reference, **given)
    return _access(actor, incident.number)


@router.post("/{reference}/access/people", response=AccessOut, summary="Invite a member")
def post_person(request: HttpRequest, where: Path[Reference], body: AccessInviteIn) -> Any:
    """Invite a member. Idempotent. 409 for an incident that all members see."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)
    incident = invite_person(actor, number=where.reference, username=body.username)
    return _access(actor, incident.number)


@router.delete(
    "/{reference}/access/people/{username}", response=AccessOut, summary="Remove an invited person"
)
def delete_person(request: HttpRequest, where: Path[InvitationPath]) -> Any:
    """Remove an invitation. 409 for role holders and for yourself."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)
    incident = remove_person(actor, number=where.reference, username=where.username)
    return _access(actor, incident.number)
