"""Security headers for Django responses and for the raw ASGI endpoints."""

from __future__ import annotations

import re
import uuid
from typing import Final

from django.conf import settings

HEADERS: Final[dict[str, str]] = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
}
if settings.SECURE_HSTS_SECONDS:
    HEADERS["Strict-Transport-Security"] = (
        f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    )

NOTHING: Final = "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)


def request_id_from(given: str) -> str:
    """Return the caller's request id if it is valid, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _raw_headers() -> list[tuple[bytes, bytes]]:
    """Return headers for responses that no browser may show, run, frame or store."""
    headers = HEADERS | {
        "X-Frame-Options": "DENY",
        "Content-Security-Policy": NOTHING,
        "Cache-Control": "no-store",
    }
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


RAW: Final = _raw_headers()
