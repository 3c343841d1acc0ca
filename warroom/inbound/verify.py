"""Verifies the signature of a Slack request on the raw bytes, before parsing. Pure."""

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
    """Error in the two headers, or ""."""
    if not _STAMP.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
        return "The signature headers are missing or malformed."
    if abs(now - int(stamp)) > MAX_SKEW_S:
        return "The request is older than five minutes, or a clock is wrong."
    return ""


def is_signed(secrets: Iterable[str], stamp: str, signature: str, body: bytes) -> bool:
    """Whether one of the secrets made this signature; compared in constant time."""
    message = b"v0:" + stamp.encode() + b":" + body
    given, found = signature.encode(), False
    for secret in secrets:
        made = b"v0=" + hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().encode()
        found |= hmac.compare_digest(made, given)
    return found


def request_key(stamp: str, body: bytes) -> str:
    """Key of a request without an id: SHA-256 of the signed content."""
    return hashlib.sha256(b"v0:" + stamp.encode() + b":" + body).hexdigest()
