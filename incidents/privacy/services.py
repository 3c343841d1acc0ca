"""Makes incidents private or visible to all, and invites people to private ones."""

from __future__ import annotations

from typing import Final

from accounts.actor import Actor
from core.errors import Conflict, NotFound
from incidents.events import IncidentPrivacyChanged
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import Incident, InvitedPerson
from incidents.privacy.invitations import Reason, invite, invite_actor, invite_known
from incidents.roles.services import member_of
from incidents.validation import invalid
from incidents.vocabulary import EntryKind

PRIVATE: Final = "Private: only invited people and admins can see it"
VISIBLE: Final = "Visible to all members"


def set_private(
    actor: Actor, *, number: int | str, is_private: bool, reason: str = "", version: int | None = None
) -> Incident:
    """Make an incident private to its participants and admins, or visible to the whole workspace again.

    Its reporter, role holders, acknowledger and the actor keep access. Idempotent. Raises Conflict (stale),
    NotFound, Forbidden.
    """

    def work(it: Change) -> None:
        if it.incident.is_private == is_private:
            return
        it.refuse_stale()
        it.incident.is_private = is_private
        it.save()
        if is_private:
            invite_known(it.incident)
            invite_actor(it.incident, it.actor, Reason.INVITED)
        state = (
            "Private: only invited people and admins can see it" if is_private else "Visible to all members"
        )
        it.note(EntryKind.CHANGE, f"{state}.{f' {reason}' if reason else ''}", is_private=is_private)
        event = IncidentPrivacyChanged(*it.ids, is_private, live_for_all=True)
        it.finish("incident.privacy", f"{it.incident.reference}: {state[:1].lower()}{state[1:]}", [event])

    return change(actor, work, number=number, version=version)


def invite_person(actor: Actor, *, number: int | str, username: str) -> Incident:
    """Invite a member to a private incident (idempotent).

    Raises Invalid (field `username`) for a non-member, Conflict for an incident that all members see,
    NotFound, Forbidden.
    """

    def work(it: Change) -> None:
        user = member_of(actor.workspace_id, username, None)
        if user is None:
            raise invalid("username", "required", "must name a member of this workspace")
        if not it.incident.is_private:
            raise Conflict(
                f"{it.incident.reference} is not private: all members can see it. Nothing was changed."
            )
        if not invite(it.incident, [user], Reason.INVITED, by=it.actor.label):
            return
        it.touch()
        it.note(EntryKind.CHANGE, f"Invited {user.label}.", invited=user.pk)
        event = IncidentPrivacyChanged(*it.ids, True)
        summary = f"{it.incident.reference}: invited {user.label}"
        it.finish("incident.invite", summary, [event], {"invited": [None, user.username]})

    return change(actor, work, number=number)


def remove_person(actor: Actor, *, number: int | str, username: str) -> Incident:
    """Remove an invitation to a private incident.

    Raises Conflict for a role holder and for oneself, NotFound for someone who is not invited, Invalid (field
    `username`), Forbidden.
    """

    def work(it: Change) -> None:
        user = member_of(actor.workspace_id, username, None)
        rows = InvitedPerson.objects.of(actor.workspace_id).filter(incident=it.incident, user=user)
        if user is None or not rows.exists():
            raise NotFound(f"{username} is not invited to {it.incident.reference}.")
        if user.pk == actor.user_id:
            raise Conflict("You cannot remove yourself: you would lose access. Nothing was changed.")
        if it.incident.roles.filter(user=user, ended_at=None).exists():
            raise Conflict(f"{user.label} holds a role in it: hand the role off first. Nothing was changed.")
        rows.delete()
        it.touch()
        it.note(EntryKind.CHANGE, f"No longer invited: {user.label}.", removed=user.pk)
        summary = f"{it.incident.reference}: no longer invited: {user.label}"
        event = IncidentPrivacyChanged(*it.ids, True, live_for_all=True)
        it.finish("incident.uninvite", summary, [event], {"invited": [user.username, None]})

    return change(actor, work, number=number)
