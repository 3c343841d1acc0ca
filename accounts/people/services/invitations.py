"""Invitations: an admin invites an address to a workspace; its person accepts with the link.

An inviting admin learns nothing about an account the address has elsewhere: every invitation gives the same
response and changes no account. An account whose address was never verified may have been created by someone
else, whose invitation was never passed on. So the address moves to a new account of the person who accepts;
an account that accepts while signed in loses all that someone else could sign in to it with. Memberships of
the old account in other workspaces stay with it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Invitation, Membership, Role, User, Workspace
from accounts.people.invitation_mail import is_mailed_secret, plan_mail
from accounts.people.proof import prove_address, revoke_credentials
from accounts.permissions import Capability, require
from accounts.tokens.credentials import digest, mint_secret
from accounts.validation import clean_email, clean_name, clean_role, clean_username, invalid
from core.errors import Conflict, Gone, NotFound, Unauthenticated

INVITATION_LIFETIME: Final = timedelta(days=7)
MAX_OPEN_INVITATIONS: Final = 500  # per workspace


class IssuedInvitation(NamedTuple):
    """An invitation and the secret of its link, which is not stored."""

    invitation: Invitation
    secret: str


def invite_member(
    actor: Actor, *, email: str, role: str = Role.RESPONDER, username: str = "", display_name: str = ""
) -> IssuedInvitation:
    """Invite an address. An open invitation of the same address ends, with its link.

    `username` defaults to the part before the @. Raises Forbidden, Invalid; Conflict for a member.
    """
    require(actor, Capability.MEMBERS_WRITE)
    address, wanted = clean_email(email), clean_role(role)
    handle = clean_username(username or address.partition("@")[0])
    shown = clean_name(display_name, field="display_name") if display_name else ""
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        _refuse_member(actor, address, handle if username else "")
        _withdraw(actor, address)
        return _offer(actor, email=address, role=wanted, username=handle, display_name=shown)


def renew_invitation(actor: Actor, *, invitation_id: int) -> IssuedInvitation:
    """Issue a new link for an open or expired invitation; the earlier one ends.

    Raises Forbidden, NotFound.
    """
    require(actor, Capability.MEMBERS_WRITE)
    old = _open_invitation(actor, invitation_id)
    names = {"username": old.username, "display_name": old.display_name}
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        _withdraw(actor, old.email)
        return _offer(actor, email=old.email, role=Role(old.role), **names)


def withdraw_invitation(actor: Actor, *, invitation_id: int) -> None:
    """End an open invitation. Raises Forbidden, NotFound."""
    require(actor, Capability.MEMBERS_WRITE)
    with transaction.atomic():
        invitation = _open_invitation(actor, invitation_id)
        _withdraw(actor, invitation.email)
        summary = f"{actor.label} withdrew the invitation of {invitation.email}"
        record(actor, action="invitation.withdraw", target=invitation, summary=summary)


def invitation_by_secret(*, secret: str, now: datetime) -> Invitation:
    """Return the open invitation of a link, with its workspace. Raises Gone."""
    shown_or_mailed = Q(digest=digest(secret)) | Q(mail__digest=digest(secret))
    live = Invitation.across_workspaces.select_related("workspace", "invited_by").filter(
        shown_or_mailed, accepted_at=None, withdrawn_at=None, expires_at__gt=now
    )
    found: Invitation | None = live.first()
    if found is None:
        raise Gone("The invitation was accepted, withdrawn or replaced, or is older than seven days.")
    return found


def accept_invitation(*, secret: str, user: User | None, now: datetime) -> Membership:
    """Make the invited person a member: `user`, or without one a new account of the address.

    `user` with an unverified address loses password, second factors and all sessions. Raises Gone;
    Unauthenticated when the address has a verified account that is not signed in; Conflict for someone signed
    in under another address, and for a member.
    """
    with transaction.atomic():
        invitation = invitation_by_secret(secret=secret, now=now)
        open_ones = Invitation.objects.of(invitation.workspace_id).filter(pk=invitation.pk)
        if open_ones.filter(accepted_at=None, withdrawn_at=None).update(accepted_at=now) != 1:
            raise Gone("The invitation was accepted or withdrawn at this moment.")
        if user is None:
            person = _account_for(invitation)
        else:
            person = _same_address(invitation, user)
            _reset_unproven(person, invitation.workspace_id)
        if is_mailed_secret(invitation, secret):
            prove_address(person.pk, invitation.email)
            person.refresh_from_db(fields=["address_proven_at", "address_proven_in"])
        return _join(invitation, person)


def add_person(actor: Actor, *, email: str, username: str, display_name: str, role: str) -> Membership:
    """Create an account that is a member at once, for demonstration data. Raises Invalid."""
    if actor.kind != "system":
        raise ValueError("people are invited; only the system adds them")
    with transaction.atomic():
        user = User.objects.create_user(username, email=email, display_name=display_name)
        membership: Membership = Membership.objects.create(
            workspace_id=actor.workspace_id, user=user, role=clean_role(role)
        )
        record(actor, action="member.add", target=membership, summary=f"{user.label} was added ({role})")
    return membership


def _refuse_member(actor: Actor, address: str, handle: str) -> None:
    members = Membership.objects.of(actor.workspace_id)
    if members.filter(user__email__iexact=address).exists():
        raise Conflict(f"{address} is already a member. Nothing was changed.")
    if handle and members.filter(user__username__iexact=handle).exists():
        raise invalid("username", "unique", "is used in this workspace")


def _offer(actor: Actor, *, email: str, role: Role, username: str, display_name: str) -> IssuedInvitation:
    if Invitation.objects.of(actor.workspace_id).filter(**_OPEN).count() >= MAX_OPEN_INVITATIONS:
        raise Conflict(f"{MAX_OPEN_INVITATIONS} invitations are open. Withdraw some first.")
    secret = mint_secret()
    invitation: Invitation = Invitation.objects.create(
        workspace_id=actor.workspace_id,
        email=email,
        role=role,
        username=username,
        display_name=display_name,
        digest=digest(secret),
        invited_by_id=actor.user_id,
        expires_at=timezone.now() + INVITATION_LIFETIME,
    )
    summary = f"{actor.label} invited {email} ({role})"
    record(actor, action="invitation.create", target=invitation, summary=summary)
    plan_mail(invitation)
    return IssuedInvitation(invitation, secret)


_OPEN: Final = {"accepted_at": None, "withdrawn_at": None}


def _withdraw(actor: Actor, address: str) -> None:
    rows = Invitation.objects.of(actor.workspace_id).filter(email=address, **_OPEN)
    rows.update(withdrawn_at=timezone.now())


def _open_invitation(actor: Actor, invitation_id: int) -> Invitation:
    rows = Invitation.objects.of(actor.workspace_id).filter(pk=invitation_id, **_OPEN)
    found: Invitation | None = rows.first()
    if found is None:
        raise NotFound("There is no such open invitation in this workspace.")
    return found


def _reset_unproven(user: User, workspace_id: int) -> None:
    """Revoke all credentials of an account with an unverified address, and audit it in its workspaces.

    The entry does not name the workspace that invited the address.
    """
    user.refresh_from_db(from_queryset=User.objects.select_for_update())
    if user.is_proven:
        return
    revoke_credentials(user, now=timezone.now())
    for mine in user.memberships.exclude(workspace_id=workspace_id):
        actor = Actor(mine.workspace_id, "system", "Tocsin")
        summary = (
            f"{user.label} lost the password, second factors and all other sessions by accepting "
            "an invitation to another workspace, since the address was never proven"
        )
        record(actor, action="account.reset", target=user, summary=summary)


def _account_for(invitation: Invitation) -> User:
    """Create an account for the invited address, taking it from an unverified account."""
    holder = User.objects.select_for_update().filter(email__iexact=invitation.email).first()
    if holder is not None and (holder.is_proven or _is_vouched(holder)):
        raise Unauthenticated(f"Sign in as {invitation.email} first, then open the link again.")
    if holder is not None:
        holder.email = f"unproven-{holder.pk}@account.invalid"
        holder.address_proven_at = holder.address_proven_in = None
        holder.save(update_fields=["email", "address_proven_at", "address_proven_in"])
    return account_of_address(
        email=invitation.email, username=invitation.username, display_name=invitation.display_name
    )


def _is_vouched(holder: User) -> bool:
    """Return whether the account is in the workspace whose identity provider verified its address."""
    place = holder.address_proven_in
    return place is not None and holder.memberships.filter(workspace_id=place).exists()


def account_of_address(*, email: str, username: str, display_name: str) -> User:
    """Create an account, with a number appended to a user name that is taken. Raises Conflict."""
    for handle in _free_handles(username):
        try:
            with transaction.atomic():
                return User.objects.create_user(handle, email=email, display_name=display_name)
        except IntegrityError:
            continue
    raise Conflict("No user name is available. Ask for an invitation with another one.")


def _free_handles(wanted: str) -> list[str]:
    """Yield the wanted user name and variants; which names are taken is not disclosed."""
    handles = [wanted, *(f"{wanted[:140]}{number}" for number in range(2, 200))]
    taken = set(User.objects.filter(username__in=handles).values_list("username", flat=True))
    return [handle for handle in handles if handle not in taken][:5]


def _same_address(invitation: Invitation, user: User) -> User:
    if user.email.lower() != invitation.email:
        raise Conflict(f"You are signed in as {user.label}. The invitation is for {invitation.email}.")
    return user


def _join(invitation: Invitation, person: User) -> Membership:
    fields = {"workspace_id": invitation.workspace_id, "user": person, "role": invitation.role}
    try:
        with transaction.atomic():
            membership: Membership = Membership.objects.create(**fields)
    except IntegrityError as error:
        raise Conflict("You are already a member. Nothing was changed.") from error
    actor = Actor(
        invitation.workspace_id, "user", person.label, user_id=person.pk, role=Role(invitation.role)
    )
    summary = f"{person.label} accepted the invitation of {invitation.email} ({invitation.role})"
    record(actor, action="member.join", target=membership, summary=summary)
    return membership
