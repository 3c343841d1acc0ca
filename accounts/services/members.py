"""Who belongs to a workspace, and as what. The last admin can neither leave nor step down."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Membership, Role, User, Workspace
from accounts.permissions import Capability, require
from accounts.services.audit import record
from accounts.services.sign_in import mint_sign_in_link
from accounts.texts import clean_email, clean_name, clean_role, clean_username, invalid
from core.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Invitation:
    """The membership, and the secret of a one-time sign-in link for somebody new; "" for known people."""

    membership: Membership
    secret: str


def invite_member(
    actor: Actor, *, email: str, role: str = Role.RESPONDER, username: str = "", display_name: str = ""
) -> Invitation:
    """Make somebody a member; a person unknown by e-mail gets an account and a one-time link (24 h).

    People who have an account already get no link: nobody else may sign in as them. `username` defaults to
    the part before the @. Raises Forbidden, Invalid, and Conflict for somebody who is a member.
    """
    require(actor, Capability.MEMBERS_WRITE)
    address, wanted = clean_email(email), clean_role(role)
    with transaction.atomic():
        user = User.objects.filter(email__iexact=address).first()
        is_new = user is None
        user = user or _new_user(address, username, display_name)
        membership = _join(actor, user, wanted)
        secret = mint_sign_in_link(user, now=timezone.now()) if is_new else ""
    return Invitation(membership, secret)


def change_role(actor: Actor, *, username: str, role: str) -> Membership:
    """Give a member another role. Raises Forbidden, Invalid, NotFound, and Conflict for the last admin."""
    require(actor, Capability.MEMBERS_WRITE)
    wanted = clean_role(role)
    with transaction.atomic():
        membership = _locked_member(actor, username)
        if membership.role == wanted:
            return membership
        _keep_an_admin(actor, membership)
        before, membership.role = membership.role, wanted
        membership.save(update_fields=["role"])
        summary = f"{actor.label} made {membership.user.label} {wanted} (was {before})"
        changes = {"role": [before, wanted]}
        record(actor, action="member.role", target=membership, summary=summary, changes=changes)
    return membership


def remove_member(actor: Actor, *, username: str) -> None:
    """End a membership; the account stays. Raises Forbidden, NotFound, and Conflict for the last admin."""
    require(actor, Capability.MEMBERS_WRITE)
    with transaction.atomic():
        membership = _locked_member(actor, username)
        _keep_an_admin(actor, membership)
        summary = f"{actor.label} removed {membership.user.label} ({membership.role})"
        record(actor, action="member.remove", target=membership, summary=summary)
        membership.delete()


def _new_user(address: str, username: str, display_name: str) -> User:
    handle = clean_username(username or address.partition("@")[0])
    shown = clean_name(display_name, field="display_name") if display_name else ""
    try:
        with transaction.atomic():
            return User.objects.create_user(handle, email=address, display_name=shown)
    except IntegrityError as error:
        raise invalid("username", "unique", "is taken") from error


def _join(actor: Actor, user: User, role: Role) -> Membership:
    try:
        with transaction.atomic():
            fields = {"workspace_id": actor.workspace_id, "user": user, "role": role}
            membership: Membership = Membership.objects.create(**fields)
    except IntegrityError as error:
        raise Conflict(f"{user.label} is a member already. Nothing was changed.") from error
    summary = f"{actor.label} made {user.label} a member ({role})"
    record(actor, action="member.add", target=membership, summary=summary)
    return membership


def _locked_member(actor: Actor, username: str) -> Membership:
    """The member, with the workspace locked: two admins cannot remove each other at the same moment."""
    Workspace.objects.select_for_update().get(pk=actor.workspace_id)
    members = Membership.objects.of(actor.workspace_id).select_related("user")
    found: Membership | None = members.filter(user__username=username.strip().lower()[:150]).first()
    if found is None:
        raise NotFound("There is no such member in this workspace.")
    return found


def _keep_an_admin(actor: Actor, membership: Membership) -> None:
    if membership.role != Role.ADMIN:
        return
    others = Membership.objects.of(actor.workspace_id).filter(~Q(pk=membership.pk), role=Role.ADMIN)
    if not others.exists():
        raise Conflict(f"{membership.user.label} is the last admin. Make somebody else admin first.")
