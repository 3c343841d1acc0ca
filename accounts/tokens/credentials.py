"""Generates and recognizes credentials; only their digest is stored. Pure."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Final, NamedTuple

_SHAPE: Final = re.compile(r"tcs_[a-z0-9]{8}_[A-Za-z0-9]{40}", re.ASCII)
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PREFIX_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


class MintedToken(NamedTuple):
    """A new token.

    `text` is shown once; `prefix` (8 characters) identifies it; `digest` (64 hex) is stored.
    """

    text: str
    prefix: str
    digest: str


def mint() -> MintedToken:
    """Generate a token with 238 bits of entropy: `tcs_<prefix>_<secret>`."""
    prefix = _chance(_PREFIX_ALPHABET, 8)
    text = f"tcs_{prefix}_{_chance(_ALPHABET, 40)}"
    return MintedToken(text, prefix, digest(text))


def mint_secret() -> str:
    """Generate a secret for a one-time link: 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def digest(text: str) -> str:
    """Return the SHA-256 in hex. Looking up a digest leaks nothing about the secret by its timing."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def has_token_shape(text: str) -> bool:
    """Return whether `text` has the form of a token; anything else needs no look-up."""
    return _SHAPE.fullmatch(text) is not None


def credential(headers: Mapping[str, str]) -> str | None:
    """Return the token in `authorization: Bearer …` or `x-api-key` (lower-case names), None without either.

    Any other authorization scheme gives an empty text: a credential was sent, but an unsupported one.
    """
    if key := headers.get("x-api-key", "").strip():
        return key
    sent = headers.get("authorization", "").strip()
    if not sent:
        return None
    scheme, _, rest = sent.partition(" ")
    return rest.strip() if scheme.casefold() == "bearer" else ""


def _chance(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
