"""Signs messages with shared secrets and verifies signatures."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

Algorithm = Literal["sha256", "sha512"]
STANDARD_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
TOLERANCE: Final = timedelta(minutes=5)


def new_webhook_secret() -> str:
    """Return a new secret of the Standard Webhooks specification: `whsec_` and base64."""
    return STANDARD_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_webhook_secret(secret: str) -> bool:
    """Return whether it is `whsec_` and the base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return secret.startswith(STANDARD_PREFIX) and 24 <= len(key) <= 64


def hmac_hex(secret: str, message: bytes, algorithm: Algorithm = "sha256") -> str:
    """Return the HMAC of `message` as lowercase hex."""
    return hmac.new(secret.encode(), message, getattr(hashlib, algorithm)).hexdigest()


def verify_hmac_hex(
    live_secrets: Sequence[str], message: bytes, given: str, algorithm: Algorithm = "sha256"
) -> bool:
    """Return whether `given` is the HMAC of `message` by any live secret; compared in constant time."""
    expected = [hmac_hex(secret, message, algorithm) for secret in live_secrets]
    return any(hmac.compare_digest(one.encode(), given.lower().encode()) for one in expected)


def sign_webhook(live_secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of Standard Webhooks; one signature for each live secret, newest first."""
    stamp = str(int(at.timestamp()))
    signatures = [f"v1,{_standard_signature(secret, message_id, stamp, body)}" for secret in live_secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signatures),
    }


def verify_webhook(live_secrets: Sequence[str], headers: dict[str, str], body: bytes, now: datetime) -> bool:
    """Verify the Standard Webhooks headers of a body, by any live secret, within five minutes."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(now.timestamp() - int(stamp[:12])) > TOLERANCE.total_seconds():
        return False
    message_id = headers.get("webhook-id", "")
    expected = [f"v1,{_standard_signature(secret, message_id, stamp, body)}" for secret in live_secrets]
    given = headers.get("webhook-signature", "").split(" ")[:10]
    return any(hmac.compare_digest(one.encode(), two.encode()) for one in expected for two in given)


def _standard_signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(STANDARD_PREFIX))
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
