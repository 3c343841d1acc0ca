"""Verifies that a request was signed by Slack, on the raw bytes, before anything is parsed. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

MAX_SKEW_S: Final = 300
_STAMP: Final = re.compile(r"[0-9]{1,11}", re.ASCII)
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


def fault_in_headers(stamp: str, signature: str, now: float) -> str:
    """What is wrong with the two headers themselves; nothing when they may be right."""
    if not _STAMP.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
        return "The signature headers are missing or malformed."
    if abs(now - int(stamp)) > MAX_SKEW_S:
        return "The request is older than five minutes, or a clock is wrong."
    return ""


def is_signed(secrets: Iterable[str], stamp: str, signature: str, body: bytes) -> bool:
    """Whether one of the secrets made this signature; all of them are tried, in constant time each."""
    message = b"v0:" + stamp.encode() + b":" + body
    given, found = signature.encode(), False
    for secret in secrets:
        made = b"v0=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().encode()
        found |= hmac.compare_digest(made, given)
    return found


def request_key(stamp: str, body: bytes) -> str:
    """What names a request that carries no id of its own: a SHA-256 of what was signed."""
    return hashlib.sha256(b"v0:" + stamp.encode() + b":" + body).hexdigest()
