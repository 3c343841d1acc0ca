"""Finds or creates the account and membership of a person whom an identity provider authenticated.

A provider is trusted for its own workspace only: an account that belongs to another workspace, or has
operator privileges, is never taken over because of an address. Its owner links it while signed in.
"""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.identity.claims import Claims, SignInRefused, role_of
from accounts.models import (
    ApiToken,
    CalendarFeed,
    IdentityProvider,
    Membership,
    Role,
    User,
    Workspace,
)
from accounts.people.proof import revoke_credentials
from accounts.people.services.invitations import account_of_address
from accounts.validation import clean_username
from core.errors import Invalid


def admit(*, provider: IdentityProvider, claims: Claims, linked: User | None, signed_in: User | None) -> User:
    """Return the account to sign in, as a member of the provider's workspace.

    `linked`: the account that this subject of the provider signed in to before. `signed_in`: that of the
    browser's session, which may be linked. Raises SignInRefused.
    """
    role = role_of(provider, claims.groups)
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=provider.workspace_id)
        user = linked or _matching(provider, claims, signed_in) or _new(provider, claims)
        if not user.is_active:
            raise SignInRefused("This account is deactivated. Ask an admin.")
        _join(provider, claims, user, role)
    return user


def _matching(provider: IdentityProvider, claims: Claims, signed_in: User | None) -> User | None:
    holder = User.objects.select_for_update().filter(email__iexact=claims.email).first()
    if holder is None:
        return None
    is_elsewhere = holder.memberships.exclude(workspace_id=provider.workspace_id).exists()
    if (is_elsewhere or holder.is_staff or holder.is_superuser) and holder != signed_in:
        raise SignInRefused(
            f"An account with the address {claims.email} exists already. Sign in to it as before, "
            f"then use {provider.name} once on the sign-in page. Nothing was changed."
        )
    if not holder.is_proven_in(provider.workspace_id) and holder != signed_in:
        _take_over_unproven(provider.workspace_id, holder)
    return holder


def _take_over_unproven(workspace_id: int, holder: User) -> None:
    """Take over an account whose address nothing proves in this workspace, and revoke its credentials."""
    now = timezone.now()
    revoke_credentials(holder, now=now)
    SocialAccount.objects.filter(user_id=holder.pk).delete()
    for secret in (ApiToken, CalendarFeed):
        own = secret.objects.of(workspace_id).filter(user=holder, revoked_at=None)
        own.update(revoked_at=now)
    _prove(holder, workspace_id)


def _new(provider: IdentityProvider, claims: Claims) -> User:
    try:
        wanted = clean_username(claims.username)
    except Invalid:
        wanted = "member"
    user = account_of_address(email=claims.email, username=wanted, display_name=claims.name)
    _prove(user, provider.workspace_id)
    return user


def _prove(user: User, workspace_id: int) -> None:
    """Mark the address as proven in the workspace; a password that was set before becomes invalid."""
    user.set_unusable_password()
    user.address_proven_at = timezone.now()
    user.address_proven_in = workspace_id
    user.save(update_fields=["password", "address_proven_at", "address_proven_in"])


def _join(provider: IdentityProvider, claims: Claims, user: User, role: Role) -> None:
    """Create or update the membership; a role derived from a group replaces the current one."""
    members = Membership.objects.of(provider.workspace_id)
    mine: Membership | None = members.filter(user=user).first()
    actor = Actor(provider.workspace_id, "system", provider.name)
    if mine is None:
        mine = Membership.objects.create(workspace_id=provider.workspace_id, user=user, role=role)
        summary = f"{user.label} became {role} by signing in with {provider.name}"
        record(actor, action="member.join", target=mine, summary=summary)
        return
    is_by_group = bool(claims.groups & set(provider.group_roles))
    if not is_by_group or mine.role == role or _is_last_admin(mine):
        return
    before, mine.role = mine.role, role
    mine.save(update_fields=["role"])
    summary = f"{user.label} became {role} (was {before}) by the groups of {provider.name}"
    record(actor, action="member.role", target=mine, summary=summary, changes={"role": [before, role]})


def _is_last_admin(mine: Membership) -> bool:
    admins = Membership.objects.of(mine.workspace_id).filter(role=Role.ADMIN, user__is_active=True)
    return mine.role == Role.ADMIN and not admins.exclude(pk=mine.pk).exists()
