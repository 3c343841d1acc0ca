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
    """`text` is shown once; `prefix` (8 characters) names it afterwards; `digest` (64 hex) is stored."""

    text: str
    prefix: str
    digest: str


def mint() -> MintedToken:
    """A new token with 238 bits of chance: `tcs_<prefix>_<secret>`."""
    prefix = _chance(_PREFIX_ALPHABET, 8)
    text = f"tcs_{prefix}_{_chance(_ALPHABET, 40)}"
    return MintedToken(text, prefix, digest(text))


def mint_secret() -> str:
    """A secret for a one-time link: 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def digest(text: str) -> str:
    """SHA-256 in hex. Looking a digest up tells no one anything about the secret, however long it takes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def has_token_shape(text: str) -> bool:
    """Whether `text` could be one of ours; nothing else is worth a look-up."""
    return _SHAPE.fullmatch(text) is not None


def credential(headers: Mapping[str, str]) -> str | None:
    """The token in `authorization: Bearer …` or `x-api-key` (lower-case names), or None without either.

    Any other authorization scheme gives an empty text: a credential was sent, but none we know.
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
