"""Verifies webhook signatures of trackers, for each vendor. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime

from core.secrets.signing import verify_hmac_hex, verify_webhook


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """GitHub and Jira (`X-Hub-Signature…`), Linear, GitLab's token, or Standard Webhooks.

    Header names are in lower case; the first one present decides.
    """
    for name in ("x-hub-signature-256", "x-hub-signature"):
        if name in headers:
            kind, _, given = headers[name].partition("=")
            return kind == "sha256" and verify_hmac_hex([secret], body, given)
    if "linear-signature" in headers:
        return verify_hmac_hex([secret], body, headers["linear-signature"])
    if "x-gitlab-token" in headers:
        return hmac.compare_digest(headers["x-gitlab-token"].encode(), secret.encode())
    return verify_webhook([secret], dict(headers), body, now)
