"""URLs called by programs: trailing slashes, and the keys they contain."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from core.redaction import redact

# Where programs send to; pages have one spelling each.
MACHINES: Final = ("/api/v1/", "/api/v2/", "/v2/", "/jsm/", "/generic/", "/integrations/")
_KEYS: Final = re.compile(r"(/api/v1/webhooks/[^/?\s]+/|/integrations/generic/\d+/alert/)[^/?\s\"']+")


def without_slash(path: str) -> str:
    """Return a machine path without trailing slashes; any other path unchanged."""
    if not path.endswith("/") or not path.startswith(MACHINES) or path in MACHINES:
        return path
    return path.rstrip("/")


def masked(text: str) -> str:
    """Return a path or text with the source keys in it replaced by [redacted]."""
    return redact(_KEYS.sub(r"\1[redacted]", text))


def trailing_slash_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Serve every machine path with and without a trailing slash."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.path_info = without_slash(request.path_info)
        request.path = without_slash(request.path)
        return get_response(request)

    return middleware
