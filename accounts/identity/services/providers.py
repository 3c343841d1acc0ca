"""Adds, changes and removes identity providers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.identity.selectors import enabled_in, provider_for
from accounts.models import IdentityProvider, Membership, Role, User, Workspace
from accounts.permissions import Capability, require
from accounts.validation import clean_name, clean_role, invalid
from core.errors import Conflict
from core.http.addresses import is_other_server
from core.secrets.encryption import encrypt

MAX_DOMAINS: Final = 50
MAX_GROUP_ROLES: Final = 100
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
FIELDS: Final = (
    "name", "server_url", "client_id", "allowed_domains", "groups_claim", "group_roles", "default_role",
    "trusts_addresses", "enabled",
)  # fmt: skip


def add_provider(actor: Actor, *, client_secret: str, **values: Any) -> IdentityProvider:
    """Add a provider with the given `FIELDS`. Raises Forbidden; Invalid naming the field."""
    require(actor, Capability.SETTINGS_WRITE)
    values = {"groups_claim": "groups", "default_role": Role.VIEWER, **values}
    if not client_secret.strip():
        raise invalid("client_secret", "required", "must be the client secret of the provider")
    provider = IdentityProvider(
        workspace_id=actor.workspace_id, slug=_free_slug(str(values.get("name", ""))), **_cleaned(values)
    )
    provider.sealed_secret = encrypt(client_secret.strip())
    with transaction.atomic():
        _save(provider)
        summary = f"{actor.label} added the identity provider {provider.name}"
        record(actor, action="identity.add", target=provider, summary=summary)
    return provider


def change_provider(
    actor: Actor, *, provider_id: int, client_secret: str = "", **values: Any
) -> IdentityProvider:
    """Change the given fields; an empty secret keeps the stored one.

    Raises Forbidden, NotFound, Invalid; Conflict for disabling the last one while members need one.
    """
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        provider = provider_for(actor, provider_id, is_locked=True)
        before = {name: getattr(provider, name) for name in FIELDS}
        for name, value in _cleaned({**before, **values}).items():
            setattr(provider, name, value)
        if not client_secret.strip() and is_other_server(before["server_url"], provider.server_url):
            words = "must be entered again: server_url names another server"
            raise invalid("client_secret", "typed_again", words)
        if before["enabled"] and not provider.enabled:
            _keep_required(actor, provider)
        changes = {
            name: [before[name], getattr(provider, name)]
            for name in FIELDS
            if before[name] != getattr(provider, name)
        }
        if client_secret.strip():
            provider.sealed_secret = encrypt(client_secret.strip())
            changes["client_secret"] = ["hidden", "hidden"]
        if changes:
            _save(provider)
            if _issuer(before["server_url"]) != _issuer(provider.server_url):
                # A subject is someone of its issuer alone: another one may call somebody else the same.
                SocialAccount.objects.filter(provider=provider.slug).delete()
            summary = f"{actor.label} changed the identity provider {provider.name}: {', '.join(changes)}"
            record(actor, action="identity.change", target=provider, summary=summary, changes=changes)
    return provider


def remove_provider(actor: Actor, *, provider_id: int) -> None:
    """Remove a provider; its people stay members.

    Raises Forbidden, NotFound; Conflict for the last one while members need one.
    """
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        provider = provider_for(actor, provider_id, is_locked=True)
        _keep_required(actor, provider)
        summary = f"{actor.label} removed the identity provider {provider.name}"
        record(actor, action="identity.remove", target=provider, summary=summary)
        provider.delete()


def require_provider(actor: Actor, *, is_required: bool, break_glass: str = "") -> None:
    """Require an identity provider of every member but the admin `break_glass`, a user name.

    Or stop requiring it. Raises Forbidden; Conflict without an enabled provider; Invalid for a break-glass
    account that is not an active admin of the workspace with a password.
    """
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        if is_required and not enabled_in(actor.workspace_id):
            raise Conflict("Add and enable an identity provider first. Nothing was changed.")
        person = _break_glass(actor, break_glass) if is_required else None
        if (workspace.identity_required, workspace.break_glass_id) == (is_required, person and person.pk):
            return
        workspace.identity_required, workspace.break_glass = is_required, person
        workspace.save(update_fields=["identity_required", "break_glass"])
        state = "required from every member" if is_required else "no longer required"
        but = f"; {person.label} may use the password" if person else ""
        summary = f"{actor.label}: the identity provider is {state}{but}"
        record(actor, action="workspace.update", target=workspace, summary=summary)


def _break_glass(actor: Actor, username: str) -> User:
    admins = Membership.objects.of(actor.workspace_id).filter(role=Role.ADMIN, user__is_active=True)
    mine = admins.select_related("user").filter(user__username=username).first()
    if mine is None or not mine.user.has_usable_password():
        raise invalid("break_glass", "choice", "must be an active admin of this workspace who has a password")
    found: User = mine.user
    return found


def _keep_required(actor: Actor, provider: IdentityProvider) -> None:
    """Raise Conflict if no one could sign in without this provider."""
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
    others = [one for one in enabled_in(actor.workspace_id) if one.pk != provider.pk]
    if workspace.identity_required and not others:
        raise Conflict("Members must sign in with this provider. Disable that first. Nothing was changed.")


def _save(provider: IdentityProvider) -> None:
    try:
        with transaction.atomic():
            provider.save()
    except IntegrityError as error:
        raise invalid("name", "unique", "is the name of another identity provider") from error


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    role = str(values.get("default_role") or "")
    return {
        "name": clean_name(str(values.get("name") or ""), most=60),
        "server_url": _server_url(str(values.get("server_url") or "")),
        "client_id": clean_name(str(values.get("client_id") or ""), field="client_id", most=200),
        "allowed_domains": _domains(values.get("allowed_domains") or ()),
        "groups_claim": str(values.get("groups_claim") or "")[:60].strip(),
        "group_roles": _group_roles(values.get("group_roles") or {}),
        "default_role": clean_role(role) if role else "",
        "trusts_addresses": bool(values.get("trusts_addresses", False)),
        "enabled": bool(values.get("enabled", True)),
    }


def _server_url(text: str) -> str:
    """Return the validated issuer, or the URL of its configuration document."""
    url = text.strip().rstrip("/")
    parts = urlsplit(url)
    is_plain = len(url) <= 300 and parts.hostname and not (parts.username or parts.query or parts.fragment)
    if parts.scheme not in {"https", "http"} or not is_plain:
        raise invalid(
            "server_url", "url", "must be the issuer's address, such as https://login.example.com/realms/ops"
        )
    return url


def _issuer(server_url: str) -> str:
    return server_url.partition("/.well-known/")[0]


def _domains(given: Iterable[str]) -> list[str]:
    domains = list(dict.fromkeys(str(one).strip().lower().lstrip("@") for one in given))
    wrong = next((one for one in domains if not _DOMAIN.fullmatch(one) or len(one) > 200), None)
    if wrong is not None:
        raise invalid("allowed_domains", "domain", f"{wrong[:60]!r} is no domain such as example.com")
    if len(domains) > MAX_DOMAINS:
        raise invalid("allowed_domains", "max_items", f"must be at most {MAX_DOMAINS} domains")
    return domains


def _group_roles(given: Mapping[str, str]) -> dict[str, str]:
    if len(given) > MAX_GROUP_ROLES:
        raise invalid("group_roles", "max_items", f"must be at most {MAX_GROUP_ROLES} groups")
    return {
        clean_name(str(group), field="group_roles"): clean_role(role).value for group, role in given.items()
    }


def _free_slug(name: str) -> str:
    base = slugify(name)[:40].strip("-") or "provider"
    return f"{base}-{token_hex(3)}"
