"""API of role offers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field

from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import actor_in
from incidents.handoff.models import RoleOffer
from incidents.handoff.services import answer_offer, offer_role
from incidents.lifecycle.api import Reference
from incidents.lifecycle.schemas import Name, RoleWord
from incidents.selectors import incident_for
from incidents.timeline.schemas import Body
from incidents.vocabulary import ResponseRole

router = Router(tags=["Incidents"])
MAX_ID = 2**63 - 1


class OfferIn(Body):
    """The member to whom the holder offers the role."""

    username: Name
    role: RoleWord = ResponseRole.COMMANDER.value


class AnswerIn(Body):
    """Whether the member accepts; the maker of the offer sends false to withdraw it."""

    accept: bool


class OfferOut(Schema):
    """An offer of a role, with the state of the incident when it was made."""

    id: int
    role: str
    from_username: str
    to_username: str
    answer: str = Field(description="`pending`, `accepted`, `declined`, `withdrawn` or `expired`.")
    made_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    card: dict[str, Any]


class OfferReference(Reference):
    """One offer of one incident."""

    offer_id: int = Field(ge=1, le=MAX_ID)


@router.get("/{reference}/offers", response=list[OfferOut], summary="Offers of roles")
def offers(request: HttpRequest, where: Path[Reference]) -> Any:
    """List all offers of the incident, newest first, at most 100."""
    actor = actor_in(request)
    return _offers(actor.workspace_id, incident_for(actor, where.reference).pk)


@router.post("/{reference}/offers", response=list[OfferOut], summary="Offer a role")
def offer(request: HttpRequest, where: Path[Reference], body: OfferIn) -> Any:
    """Offer a role you hold; the other member has ten minutes to accept (idempotent)."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_WRITE)
    made = offer_role(actor, number=where.reference, username=body.username, role=body.role)
    return _offers(actor.workspace_id, made.incident_id)


@router.post("/{reference}/offers/{offer_id}", response=list[OfferOut], summary="Accept or decline an offer")
def answer(request: HttpRequest, where: Path[OfferReference], body: AnswerIn) -> Any:
    """Accept, decline or withdraw an offer. Only accepting moves the role (idempotent)."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_WRITE)
    incident = answer_offer(actor, number=where.reference, offer_id=where.offer_id, accept=body.accept)
    return _offers(actor.workspace_id, incident.pk)


def _offers(workspace_id: int, incident_id: int) -> list[dict[str, Any]]:
    rows = RoleOffer.objects.of(workspace_id).filter(incident_id=incident_id)
    names = ("id", "role", "answer", "made_at", "expires_at", "answered_at", "card")
    return [
        {name: getattr(row, name) for name in names}
        | {"from_username": row.from_user.username, "to_username": row.to_user.username}
        for row in rows.select_related("from_user", "to_user").order_by("-id")[:100]
    ]
