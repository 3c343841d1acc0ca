"""Queries of identity providers."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actor import Actor
from accounts.models import IdentityProvider, Membership, Role, User
from accounts.permissions import Capability, require
from core.errors import NotFound


def providers_of(actor: Actor) -> Sequence[IdentityProvider]:
    """Return the providers of the actor's workspace, by name. Raises Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    return list(IdentityProvider.objects.of(actor.workspace_id).order_by("name"))


def provider_for(actor: Actor, provider_id: int, *, is_locked: bool = False) -> IdentityProvider:
    """Return one provider of the actor's workspace. Raises Forbidden, NotFound."""
    require(actor, Capability.SETTINGS_WRITE)
    rows = IdentityProvider.objects.of(actor.workspace_id)
    found: IdentityProvider | None = (
        (rows.select_for_update() if is_locked else rows).filter(pk=provider_id).first()
    )
    if found is None:
        raise NotFound("There is no such identity provider in this workspace.")
    return found


def offered_providers() -> Sequence[IdentityProvider]:
    """Return the providers that the sign-in page offers, of every workspace."""
    return list(IdentityProvider.across_workspaces.filter(enabled=True).order_by("name", "id"))


def provider_named(slug: str) -> IdentityProvider | None:
    """Return the enabled provider of a callback URL."""
    rows = IdentityProvider.across_workspaces.select_related("workspace")
    found: IdentityProvider | None = rows.filter(slug=slug, enabled=True).first()
    return found


def enabled_in(workspace_id: int) -> Sequence[IdentityProvider]:
    """Return the enabled providers of a workspace, by name."""
    return list(IdentityProvider.objects.of(workspace_id).filter(enabled=True).order_by("name"))


def admins_with_password(actor: Actor) -> Sequence[User]:
    """Return the active admins who may be break-glass accounts. Raises Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    admins = Membership.objects.of(actor.workspace_id).filter(role=Role.ADMIN, user__is_active=True)
    people = [one.user for one in admins.select_related("user").order_by("user__username")]
    return [person for person in people if person.has_usable_password()]
