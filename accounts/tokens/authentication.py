"""Resolves an API token, or a local caller in open local mode, to an actor.

Look-ups are separate from pure parts, so that the ingest path can cache their results: `credential` (headers
-> token text), `find_token` (digest -> grant), `admit` (grant -> actor, or an error). A cache of grants stays
correct if it is cleared whenever `token_epoch()` changed, checked a few times a second.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import ApiToken, Membership, Role, Scope, TokenEpoch, Workspace
from accounts.permissions import Capability, require
from accounts.tokens.credentials import credential, digest, has_token_shape
from accounts.tokens.services import TOUCH_EVERY, touch_token
from core.errors import NotFound, Unauthenticated

__all__ = [
    "Grant", "admit", "authenticate", "authenticate_token", "credential", "digest", "find_token",
    "is_use_due", "local_actor", "token_epoch",
]  # fmt: skip

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="tocsin"'}
# Scopes of a caller on this machine without a token: everything but administration.
LOCAL_SCOPES: Final = frozenset(Scope.values) - {Scope.ADMIN}
_FORWARDED: Final = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
    "x-client-ip", "true-client-ip", "cf-connecting-ip",
)  # fmt: skip


class TokenMissing(Unauthenticated):
    """401: neither a token nor a session."""

    code = "token_missing"
    title = "Sign in or send a token"


class TokenUnknown(Unauthenticated):
    """401: an unknown token."""

    code = "token_unknown"
    title = "Unknown token"


class TokenExpired(Unauthenticated):
    """401: a token past its expiry."""

    code = "token_expired"
    title = "The token has expired"


class TokenRevoked(Unauthenticated):
    """401: a token that was revoked."""

    code = "token_revoked"
    title = "The token was revoked"


@dataclass(frozen=True, slots=True)
class Grant:
    """The cacheable part of a token."""

    token_id: int
    workspace_id: int
    name: str
    scopes: frozenset[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    user_id: int | None = None
    role: Role | None = None


def find_token(token_digest: str) -> Grant | None:
    """Return the token with this digest, including revoked and expired ones: one query."""
    row = ApiToken.across_workspaces.filter(digest=token_digest).first()
    if row is None:
        return None
    times = (row.expires_at, row.revoked_at, row.last_used_at)
    grant = Grant(row.pk, row.workspace_id, row.name, frozenset(row.scopes), *times)
    return grant if row.user_id is None else _personal(grant, row.user_id)


def _personal(grant: Grant, user_id: int) -> Grant:
    """Return the grant of a personal token; it counts as revoked if the person is no longer a member."""
    found = Membership.objects.of(grant.workspace_id).filter(user_id=user_id, user__is_active=True)
    membership = found.select_related("user").first()
    if membership is None:
        return replace(grant, user_id=user_id, revoked_at=grant.revoked_at or timezone.now())
    label, role = membership.user.label, Role(membership.role)
    return replace(grant, name=label, user_id=user_id, role=role)


def token_epoch() -> int:
    """Return a number that changes with every change to any token: one cheap query."""
    return TokenEpoch.objects.values_list("value", flat=True).first() or 0


def admit(grant: Grant | None, *, now: datetime) -> Actor:
    """Return the actor of a grant. Raises TokenUnknown, TokenRevoked, TokenExpired."""
    if grant is None:
        raise TokenUnknown("This is not a token of this server. Nothing was stored.", headers=CHALLENGE)
    if grant.revoked_at is not None:
        raise TokenRevoked(f"This token was revoked at {_time_text(grant.revoked_at)}.", headers=CHALLENGE)
    if grant.expires_at is not None and grant.expires_at <= now:
        raise TokenExpired(f"This token expired at {_time_text(grant.expires_at)}.", headers=CHALLENGE)
    kind = "token" if grant.user_id is None else "user"
    return Actor(
        grant.workspace_id, kind, grant.name, user_id=grant.user_id, role=grant.role, scopes=grant.scopes,
        token_id=grant.token_id,
    )  # fmt: skip


def is_use_due(grant: Grant, *, now: datetime) -> bool:
    """Return whether a use of the token now is to be recorded: the last one was `TOUCH_EVERY` ago."""
    return grant.last_used_at is None or grant.last_used_at < now - TOUCH_EVERY


def authenticate(headers: Mapping[str, str], client_ip: str, workspace_slug: str | None = None) -> Actor:
    """Return the actor of a request. `headers` have lower-case names; `workspace_slug` is for local callers.

    Raises TokenMissing, TokenUnknown, TokenRevoked, TokenExpired; NotFound for an unknown slug.
    """
    sent = credential(headers)
    actor = _local(headers, client_ip, workspace_slug) if sent is None else authenticate_token(sent)
    return replace(actor, request_id=headers.get("x-request-id", "")[:64])


def authenticate_token(text: str) -> Actor:
    """Return the actor of a token and record its use. Raises TokenUnknown, TokenRevoked, TokenExpired."""
    now = timezone.now()
    grant = find_token(digest(text)) if has_token_shape(text) else None
    actor = admit(grant, now=now)
    if grant and is_use_due(grant, now=now):
        touch_token(grant.workspace_id, grant.token_id, now=now)
    return actor


def _local(headers: Mapping[str, str], client_ip: str, slug: str | None) -> Actor:
    actor = local_actor(headers, client_ip, slug)
    if actor is None:
        message = (
            "Send a token: `Authorization: Bearer tcs_…`. An admin creates tokens under Settings, API tokens."
        )
        raise TokenMissing(message, headers=CHALLENGE)
    return actor


def local_actor(headers: Mapping[str, str], client_ip: str, slug: str | None = None) -> Actor | None:
    """Return a caller on this machine in open local mode, else None.

    Raises NotFound for an unknown workspace. Proxied requests and cross-site requests of a browser are not
    local callers.
    """
    if not settings.TOCSIN_OPEN_LOOPBACK or not _is_loopback(client_ip) or _from_elsewhere(headers):
        return None
    workspaces = Workspace.objects.order_by("id")
    workspace = (workspaces.filter(slug=slug) if slug else workspaces).first()
    if workspace is None:
        raise NotFound("There is no such workspace.")
    return Actor(workspace.pk, "local", "Local caller", scopes=LOCAL_SCOPES)


def _is_loopback(client_ip: str) -> bool:
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _from_elsewhere(headers: Mapping[str, str]) -> bool:
    if any(name in headers for name in _FORWARDED):
        return True
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


def _time_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def live_viewer(headers: Mapping[str, str], client_ip: str) -> Actor:
    """Return who listens to live updates with a token. Raises what `authenticate` does, and Forbidden."""
    actor = authenticate(headers, client_ip, headers.get("x-workspace"))
    require(actor, Capability.INCIDENTS_READ)
    return actor
