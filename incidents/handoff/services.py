"""Handing off a role: the holder offers it and keeps it unless the other accepts within ten minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from accounts.actor import Actor, system_actor
from accounts.models import User
from core.errors import Conflict, NotFound
from core.queue.items import settle
from incidents.events import IncidentRoleOffered, IncidentRoleOfferEnded
from incidents.handoff.models import RoleOffer
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import ChecklistItem, Incident, RoleAssignment, SlaClock
from incidents.parsing import as_role
from incidents.roles.services import give_role, member_of
from incidents.validation import invalid
from incidents.vocabulary import EntryKind, ResponseRole

OFFER_LASTS: Final = timedelta(minutes=10)
Answer = RoleOffer.Answer


def offer_role(
    actor: Actor, *, number: int | str, username: str, role: ResponseRole | str = ResponseRole.COMMANDER
) -> RoleOffer:
    """Offer a role the actor holds to a member, with a card of the incident's state; valid for ten minutes.

    The same offer again returns the pending one; an offer to another member replaces it. Raises Conflict when
    the actor does not hold the role, Invalid (field `username`), NotFound, Forbidden.
    """
    wanted, found = as_role(role), []

    def work(it: Change) -> None:
        found.append(_offer(it, wanted, username))

    change(actor, work, number=number)
    return found[0]


def _offer(it: Change, role: ResponseRole, username: str) -> RoleOffer:
    newcomer = member_of(it.incident.workspace_id, username, None)
    if newcomer is None or newcomer.pk == it.actor.user_id:
        raise invalid("username", "member", "must name another member of this workspace")
    if _holder(it, role) != it.actor.user_id or it.actor.user_id is None:
        raise Conflict(
            f"Only the {role.label.lower()} can offer the role. Assign it instead; nothing changed."
        )
    pending = _pending(it, role)
    if pending is not None and pending.to_user_id == newcomer.pk:
        return pending
    if pending is not None:
        _end(it, pending, Answer.WITHDRAWN)
    made: RoleOffer = RoleOffer.objects.of(it.incident.workspace_id).create(
        workspace_id=it.incident.workspace_id,
        incident=it.incident,
        role=role,
        from_user_id=it.actor.user_id,
        to_user=newcomer,
        card=state_card(it.incident),
        made_at=it.at,
        expires_at=it.at + OFFER_LASTS,
        due_at=it.at + OFFER_LASTS,
    )
    it.touch()
    message = f"{role.label} offered to {newcomer.label}, to be accepted within 10 minutes."
    it.note(EntryKind.ROLE_ASSIGNED, message, role=role.value, offer=made.pk, user=newcomer.pk)
    event = IncidentRoleOffered(*it.ids, role.value, made.pk, it.actor.user_id, newcomer.pk)
    it.finish("incident.role_offer", f"{it.incident.reference}: {message}", [event])
    return made


def state_card(incident: Incident) -> dict[str, Any]:
    """Return the state for the new holder: impact, open items of the current stage, running clocks."""
    items = ChecklistItem.objects.of(incident.workspace_id).filter(
        incident=incident, stage=incident.stage, ticked_at=None
    )
    clocks = SlaClock.objects.of(incident.workspace_id).filter(
        incident=incident, phase__in=[SlaClock.Phase.RUNNING, SlaClock.Phase.WARNED]
    )
    return {
        "severity": incident.severity,
        "status": incident.status,
        "stage": incident.stage,
        "impact": incident.impact,
        "open_items": list(items.order_by("position").values_list("text", flat=True)),
        "due": {
            kind: at.isoformat() for kind, at in clocks.order_by("deadline").values_list("kind", "deadline")
        },
    }


def answer_offer(actor: Actor, *, number: int | str, offer_id: int, accept: bool) -> Incident:
    """Accept or decline an offer made to the actor; its maker may withdraw it (`accept` false).

    A repeat changes nothing. Raises Conflict when it expired, was answered otherwise, or its maker lost the
    role meanwhile; NotFound for an offer between others; Forbidden.
    """

    def work(it: Change) -> None:
        _respond(it, offer_id, accept=accept)

    return change(actor, work, number=number)


def _respond(it: Change, offer_id: int, *, accept: bool) -> None:
    rows = RoleOffer.objects.of(it.incident.workspace_id).filter(incident=it.incident, pk=offer_id)
    offer: RoleOffer | None = rows.select_for_update(of=("self",)).first()
    me = it.actor.user_id
    if offer is None or me is None or me not in (offer.to_user_id, offer.from_user_id):
        raise NotFound(f"{it.incident.reference} has no such offer to you.")
    is_maker = me == offer.from_user_id
    wanted = Answer.WITHDRAWN if is_maker else Answer.ACCEPTED if accept else Answer.DECLINED
    if offer.answer == wanted:
        return
    if offer.answer != Answer.PENDING or offer.expires_at <= it.at:
        state = "expired" if offer.answer == Answer.PENDING else offer.answer
        raise Conflict(f"This offer is {state} already. Nothing was changed.")
    if wanted == Answer.ACCEPTED and _holder(it, ResponseRole(offer.role)) != offer.from_user_id:
        raise Conflict("The person who offered the role no longer holds it. Nothing was changed.")
    _end(it, offer, wanted)
    if wanted == Answer.ACCEPTED:
        give_role(
            it, ResponseRole(offer.role), User.objects.get(pk=offer.to_user_id), why="Hand-off accepted"
        )


def expire_offers(now: datetime, *, offers: Sequence[RoleOffer]) -> None:
    """End expired offers; the holder keeps the role and the timeline records it."""
    for offer in offers:

        def work(it: Change, offer: RoleOffer = offer) -> None:
            if settle(offer, answer=Answer.EXPIRED, answered_at=now):
                _say(it, offer, Answer.EXPIRED)

        change(system_actor(offer.workspace_id), work, incident_id=offer.incident_id)


def _end(it: Change, offer: RoleOffer, answer: RoleOffer.Answer) -> None:
    offer.answer, offer.answered_at = answer, it.at
    offer.state, offer.settled_at, offer.lease_until = RoleOffer.State.DONE, it.at, None
    offer.save(update_fields=["answer", "answered_at", "state", "settled_at", "lease_until"])
    _say(it, offer, answer)


def _say(it: Change, offer: RoleOffer, answer: RoleOffer.Answer) -> None:
    it.touch()
    role = ResponseRole(offer.role)
    rest = "" if answer == Answer.ACCEPTED else " The holder retains the role."
    message = f"Offer of {role.label.lower()} {answer.label.lower()}.{rest}"
    it.note(EntryKind.ROLE_ASSIGNED, message, role=role.value, offer=offer.pk, answer=answer.value)
    event = IncidentRoleOfferEnded(
        *it.ids, role.value, offer.pk, offer.from_user_id, offer.to_user_id, answer.value
    )
    it.finish("incident.role_offer", f"{it.incident.reference}: {message}", [event])


def _holder(it: Change, role: ResponseRole) -> int | None:
    rows = RoleAssignment.objects.of(it.incident.workspace_id).filter(
        incident=it.incident, role=role, ended_at=None
    )
    found: int | None = rows.values_list("user_id", flat=True).first()
    return found


def _pending(it: Change, role: ResponseRole) -> RoleOffer | None:
    rows = RoleOffer.objects.of(it.incident.workspace_id).filter(
        incident=it.incident, role=role, answer=Answer.PENDING
    )
    found: RoleOffer | None = rows.select_for_update(of=("self",)).first()
    return found
