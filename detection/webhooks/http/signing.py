"""Verifies webhook signatures in constant time. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

PLAIN: Final = "plain"
ALGORITHMS: Final = ("sha256", "sha512", "sha1", PLAIN)
ENCODINGS: Final = ("hex", "base64")


def is_signed(
    raw: bytes, given: str, secrets: Sequence[str], *, algorithm: str = "sha256", encoding: str = "hex"
) -> bool:
    """Return whether `given` is the HMAC of `raw` under one of `secrets`."""
    wanted = [_digest(raw, secret, algorithm, encoding) for secret in secrets]
    given = given.strip().lower() if encoding == "hex" else given.strip()
    return _is_one_of(given, wanted)


def is_known(given: str, secrets: Sequence[str]) -> bool:
    """Return whether `given` is one of `secrets` itself."""
    return _is_one_of(given.strip(), secrets)


def bearer(authorization: str) -> str:
    """Return the token of an Authorization header, with or without its scheme."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "token") else authorization.strip()


def _digest(raw: bytes, secret: str, algorithm: str, encoding: str) -> str:
    mac = hmac.new(secret.encode(), raw, getattr(hashlib, algorithm))
    return mac.hexdigest() if encoding == "hex" else base64.b64encode(mac.digest()).decode()


def _is_one_of(given: str, wanted: Sequence[str]) -> bool:
    # All of them are compared, so that the time does not reveal which one it was.
    same = [hmac.compare_digest(given.encode(), one.encode()) for one in wanted]
    return bool(given) and any(same)
