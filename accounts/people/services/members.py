"""Workspace membership: invite, change role, deactivate, remove. The last admin cannot leave."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import ApiToken, Membership, Role, User, Workspace
from accounts.oncall.services.shifts import refill_shifts_of
from accounts.permissions import Capability, require
from accounts.sign_in.services import mint_sign_in_link
from accounts.validation import clean_role
from core.errors import Conflict, NotFound


def change_role(actor: Actor, *, username: str, role: str, was: str = "") -> Membership:
    """Change a member's role. `was`: the role the change was based on, if the caller knows it.

    Raises Forbidden, Invalid, NotFound; Conflict for the last admin and when someone else changed it first.
    """
    require(actor, Capability.MEMBERS_WRITE)
    wanted = clean_role(role)
    with transaction.atomic():
        membership = _locked_member(actor, username)
        if was and membership.role not in {was, wanted}:
            raise Conflict(f"{membership.user.label} is {membership.role} by now. Nothing was changed.")
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
        refill_shifts_of(actor.workspace_id, membership.user_id, now=timezone.now())


def deactivate_member(actor: Actor, *, username: str) -> Membership:
    """Deactivate an account everywhere, keeping the person's history; ends all of their sessions.

    Raises Forbidden, NotFound; Conflict for the last admin, for oneself, and for someone who is also a member
    of other workspaces, which this workspace's admin may not affect.
    """
    require(actor, Capability.MEMBERS_WRITE)
    with transaction.atomic():
        membership = _locked_member(actor, username)
        _may_switch(actor, membership)
        _keep_an_admin(actor, membership)
        if membership.user.is_active:
            membership.user.is_active = False
            membership.user.save(update_fields=["is_active"])
            membership.user.sessions.all().delete()
            tokens = ApiToken.objects.of(actor.workspace_id).filter(user=membership.user, revoked_at=None)
            tokens.update(revoked_at=timezone.now())
            refill_shifts_of(actor.workspace_id, membership.user_id, now=timezone.now())
            summary = f"{actor.label} deactivated {membership.user.label}"
            record(actor, action="member.deactivate", target=membership, summary=summary)
    return membership


def reactivate_member(actor: Actor, *, username: str) -> Membership:
    """Reactivate a deactivated person. Raises Forbidden, NotFound, Conflict."""
    require(actor, Capability.MEMBERS_WRITE)
    with transaction.atomic():
        membership = _locked_member(actor, username)
        _may_switch(actor, membership)
        if not membership.user.is_active:
            membership.user.is_active = True
            membership.user.save(update_fields=["is_active"])
            refill_shifts_of(actor.workspace_id, membership.user_id, now=timezone.now())
            summary = f"{actor.label} reactivated {membership.user.label}"
            record(actor, action="member.reactivate", target=membership, summary=summary)
    return membership


def renew_sign_in_link(actor: Actor, *, username: str) -> tuple[User, str]:
    """Issue a new one-time link (24 h) for a member without a password; earlier links end.

    Raises Forbidden, NotFound; Conflict for people who have a password: no one else may sign in as them.
    """
    require(actor, Capability.MEMBERS_WRITE)
    with transaction.atomic():
        membership = _locked_member(actor, username)
        user = membership.user
        if user.has_usable_password() or not user.is_active:
            raise Conflict(f"{user.label} signs in with a password, or is deactivated. No link was created.")
        _may_switch(actor, membership)
        secret = mint_sign_in_link(user, now=timezone.now())
        summary = f"{actor.label} created a new sign-in link for {user.label}"
        record(actor, action="member.link", target=membership, summary=summary)
    return user, secret


def _may_switch(actor: Actor, membership: Membership) -> None:
    user = membership.user
    if user.pk == actor.user_id:
        raise Conflict("You cannot do this to your own account. Ask another admin.")
    if user.memberships.exclude(workspace_id=actor.workspace_id).exists():
        raise Conflict(f"{user.label} belongs to other workspaces too. Remove them from this one instead.")
    if user.is_superuser:
        raise Conflict(f"{user.label} runs this server. Change the account in the admin pages instead.")


def _locked_member(actor: Actor, username: str) -> Membership:
    """Return the member, with the workspace locked: two admins cannot remove each other at the same time."""
    Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
    members = Membership.objects.of(actor.workspace_id).select_related("user")
    found: Membership | None = members.filter(user__username=username.strip().lower()[:150]).first()
    if found is None:
        raise NotFound("There is no such member in this workspace.")
    return found


def _keep_an_admin(actor: Actor, membership: Membership) -> None:
    if membership.role != Role.ADMIN:
        return
    admins = Membership.objects.of(actor.workspace_id).filter(role=Role.ADMIN, user__is_active=True)
    others = admins.filter(~Q(pk=membership.pk))
    if not others.exists():
        raise Conflict(f"{membership.user.label} is the last admin. Make someone else admin first.")
