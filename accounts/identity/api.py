"""API of identity providers and of the requirement to use one."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.actor import Actor
from accounts.identity.schemas import (
    IdentityProviderIn,
    IdentityProviderOut,
    IdentityProviderPatch,
    IdentityRequirementIn,
    IdentityRequirementOut,
)
from accounts.identity.selectors import provider_for, providers_of
from accounts.identity.services import providers as services
from accounts.models import IdentityProvider
from accounts.permissions import Capability, require
from accounts.selectors import workspace_of
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only

router = Router(tags=["Accounts"])
requirement_router = Router(tags=["Accounts"])
SHOWN: Final = ("id", *services.FIELDS, "created_at")


class ProviderPath(Schema):
    """An identity provider by id."""

    identity_provider_id: int = Field(ge=1, le=2**63 - 1, description="Id of the identity provider.")


def _json(provider: IdentityProvider) -> dict[str, Any]:
    callback = f"{settings.BASE_URL}/account/identity/{provider.slug}/callback"
    return {name: getattr(provider, name) for name in SHOWN} | {"callback_url": callback}


@router.get("", response=list[IdentityProviderOut], summary="List identity providers")
def listed(request: HttpRequest) -> Any:
    """List identity providers by name; secrets are never included."""
    known_only(request, ())
    return [_json(provider) for provider in providers_of(actor_in(request))]


@router.post("", response={201: IdentityProviderOut}, summary="Add an identity provider")
def add(request: HttpRequest, body: IdentityProviderIn) -> Any:
    """Add an identity provider. People may sign in with it at once; enter `callback_url` at the provider."""
    actor = actor_in(request)
    provider = services.add_provider(actor, **body.model_dump())
    return Status(201, _json(provider_for(actor, provider.pk)))


@router.get("/{identity_provider_id}", response=IdentityProviderOut, summary="Show an identity provider")
def show(request: HttpRequest, where: Path[ProviderPath]) -> Any:
    """Return an identity provider without its secret."""
    known_only(request, ())
    return _json(provider_for(actor_in(request), where.identity_provider_id))


@router.patch("/{identity_provider_id}", response=IdentityProviderOut, summary="Change an identity provider")
def change(request: HttpRequest, where: Path[ProviderPath], body: IdentityProviderPatch) -> Any:
    """Change the given fields. 409 for disabling the last provider while members must use one."""
    actor = actor_in(request)
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    services.change_provider(actor, provider_id=where.identity_provider_id, **given)
    return _json(provider_for(actor, where.identity_provider_id))


@router.delete("/{identity_provider_id}", response={204: None}, summary="Remove an identity provider")
def remove(request: HttpRequest, where: Path[ProviderPath]) -> Any:
    """Remove an identity provider; its people stay members. 409 while members must use it."""
    services.remove_provider(actor_in(request), provider_id=where.identity_provider_id)
    return Status(204, None)


@requirement_router.get("", response=IdentityRequirementOut, summary="Whether a provider is required")
def requirement(request: HttpRequest) -> Any:
    """Return whether a provider is required, and which admin may still use a password."""
    known_only(request, ())
    return _requirement(actor_in(request))


@requirement_router.put("", response=IdentityRequirementOut, summary="Require an identity provider")
def put_requirement(request: HttpRequest, body: IdentityRequirementIn) -> Any:
    """Require an identity provider of all members but the admin `break_glass`, or of none.

    409 without an enabled one.
    """
    actor = actor_in(request)
    services.require_provider(actor, is_required=body.identity_required, break_glass=body.break_glass)
    return _requirement(actor)


def _requirement(actor: Actor) -> dict[str, Any]:
    require(actor, Capability.SETTINGS_WRITE)
    workspace = workspace_of(actor)
    person = workspace.break_glass
    return {
        "identity_required": workspace.identity_required,
        "break_glass": person.username if person else None,
    }
