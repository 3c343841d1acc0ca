"""Schemas of the API of identity providers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from accounts.schemas import Body

Name = Annotated[str, Field(max_length=60, description="Label of the sign-in button.")]
Issuer = Annotated[
    str, Field(max_length=300, description="The issuer, such as `https://login.example.com/realms/ops`.")
]
ClientId = Annotated[str, Field(max_length=200, description="Tocsin's client id at the provider.")]
Secret = Annotated[str, Field(max_length=500, description="Stored encrypted and never shown.")]
Domains = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Field(max_length=50, description="Email domains that are let in; none: any."),
]
Claim = Annotated[str, Field(max_length=60, description="The claim with a person's groups.")]
GroupRoles = Annotated[
    dict[str, Annotated[str, Field(max_length=12)]],
    Field(max_length=100, description="Role by group; the highest applies, updated at every sign-in."),
]
DefaultRole = Annotated[
    str, Field(max_length=12, description="Role of people in none of these groups; empty: refused.")
]
Trusts = Annotated[
    bool, Field(description="Whether every address counts as verified, without `email_verified`.")
]
Enabled = Annotated[bool, Field(description="Whether people may sign in with it.")]


class IdentityProviderIn(Body):
    """A new OpenID Connect provider."""

    name: Name
    server_url: Issuer
    client_id: ClientId
    client_secret: Secret
    allowed_domains: Domains = []
    groups_claim: Claim = "groups"
    group_roles: GroupRoles = {}
    default_role: DefaultRole = "viewer"
    trusts_addresses: Trusts = False
    enabled: Enabled = True


class IdentityProviderPatch(Body):
    """Changes of a provider; without a secret the stored one stays."""

    name: Name | None = None
    server_url: Issuer | None = None
    client_id: ClientId | None = None
    client_secret: Secret | None = None
    allowed_domains: Domains | None = None
    groups_claim: Claim | None = None
    group_roles: GroupRoles | None = None
    default_role: DefaultRole | None = None
    trusts_addresses: Trusts | None = None
    enabled: Enabled | None = None


class IdentityProviderOut(Schema):
    """A provider, without its secret."""

    id: int
    name: Name
    server_url: Issuer
    client_id: ClientId
    allowed_domains: Domains
    groups_claim: Claim
    group_roles: GroupRoles
    default_role: DefaultRole
    trusts_addresses: Trusts
    enabled: Enabled
    callback_url: str = Field(description="The redirect URI to register with the provider.")
    created_at: datetime


class IdentityRequirementIn(Body):
    """Whether members must sign in with a provider."""

    identity_required: bool = Field(description="Whether every member must sign in with a provider.")
    break_glass: str = Field(
        "", max_length=150, description="User name of the admin who may still use the password."
    )


class IdentityRequirementOut(Schema):
    """Whether members must sign in with a provider, and who is exempt."""

    identity_required: bool = Field(description="Whether every member must sign in with a provider.")
    break_glass: str | None = Field(
        description="User name of the admin who may still use the password; null: no one."
    )
