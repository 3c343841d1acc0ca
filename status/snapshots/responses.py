"""HTTP responses of forms. Pure."""

from __future__ import annotations

import re
from typing import Final

from core.http.security_headers import HEADERS
from status.snapshots.rendering import Form

PREFIX: Final = "/status/"
# Short, so that changes appear within five seconds; shared caches may serve stale pages during an outage.
CACHE_PUBLIC: Final = "public, max-age=2, stale-while-revalidate=2, stale-if-error=86400"
CACHE_PRIVATE: Final = "private, no-cache"
CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_PATH: Final = re.compile(r"/status/(?P<slug>[a-z0-9][a-z0-9-]{0,59})(?:/(?P<form>[A-Za-z0-9./_-]{1,80}))?/?")


def parts_of(path: str) -> tuple[str, str] | None:
    """Slug and form of a path."""
    match = _PATH.fullmatch(path)
    return None if match is None else (match["slug"], match["form"] or "index")


def headers_of(
    form: Form, *, is_public: bool, accepts_gzip: bool, if_none_match: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body: 200, or 304 if not modified."""
    headers = [
        *HEADERS.items(), ("Content-Security-Policy", CSP), ("X-Frame-Options", "DENY"),
        ("ETag", form.etag), ("Vary", "Accept-Encoding"),
        ("Cache-Control", CACHE_PUBLIC if is_public else CACHE_PRIVATE),
    ]  # fmt: skip
    if is_public and not form.content_type.startswith("text/html"):
        headers.append(("Access-Control-Allow-Origin", "*"))
        headers = [(k, "cross-origin" if k == "Cross-Origin-Resource-Policy" else v) for k, v in headers]
    if form.etag in [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]:
        return 304, headers, b""
    headers.append(("Content-Type", form.content_type))
    if accepts_gzip:
        headers.append(("Content-Encoding", "gzip"))
    body = form.compressed if accepts_gzip else form.body
    headers.append(("Content-Length", str(len(body))))
    return 200, headers, body
