"""Claims of an identity provider about a person, and the role that follows from them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import IdentityProvider, Role
from accounts.permissions import RANK
from accounts.validation import clean_email
from core.errors import Forbidden, Invalid

MAX_GROUPS: Final = 500


class SignInRefused(Forbidden):
    """403: the claims of the identity provider do not allow this person to sign in."""

    code = "sign_in_refused"
    title = "Sign-in refused"


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims of a person.

    `email` is in lower case and verified; `username` and `name` are as sent or empty.
    """

    email: str
    username: str
    name: str
    groups: frozenset[str]


def read_claims(provider: IdentityProvider, sent: Mapping[str, Any]) -> Claims:
    """Parse the claims of an ID token or of the userinfo endpoint. Raises SignInRefused."""
    try:
        email = clean_email(str(sent.get("email") or ""))
    except Invalid:
        raise SignInRefused(f"{provider.name} sent no email address. Nothing was changed.") from None
    if not (provider.trusts_addresses or sent.get("email_verified") is True):
        raise SignInRefused(f"{provider.name} has not verified the address {email}. Nothing was changed.")
    _check_domain(provider, email)
    username = str(sent.get("preferred_username") or email).partition("@")[0]
    groups = frozenset(_groups(sent.get(provider.groups_claim)) if provider.groups_claim else ())
    return Claims(email, username, str(sent.get("name") or "")[:120], groups)


def role_of(provider: IdentityProvider, groups: frozenset[str]) -> Role:
    """Return the highest role of these groups, else the default one.

    Raises SignInRefused if there is none.
    """
    roles = [Role(role) for group, role in provider.group_roles.items() if group in groups]
    if roles:
        return max(roles, key=RANK.__getitem__)
    if not provider.default_role:
        raise SignInRefused("None of your groups has access to this workspace. Ask an admin.")
    return Role(provider.default_role)


def _check_domain(provider: IdentityProvider, email: str) -> None:
    domain = email.rpartition("@")[2]
    if provider.allowed_domains and domain not in provider.allowed_domains:
        raise SignInRefused(f"Addresses of {domain} may not sign in with {provider.name}.")


def _groups(sent: Any) -> Sequence[str]:
    if isinstance(sent, str):
        return [sent]
    if isinstance(sent, list):
        return [str(one) for one in sent[:MAX_GROUPS]]
    return []
