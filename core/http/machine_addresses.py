"""Addresses of machines: the slash at their end, and the keys that stand in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from core.redaction import redact

# Where programs send to; people's pages have one spelling.
MACHINES: Final = ("/api/v1/", "/api/v2/", "/v2/", "/jsm/", "/generic/", "/integrations/")
_KEYS: Final = re.compile(r"(/api/v1/webhooks/[^/?\s]+/|/integrations/generic/\d+/alert/)[^/?\s\"']+")


def without_slash(path: str) -> str:
    """A machine's address without the slashes at its end; any other path as it is."""
    if not path.endswith("/") or not path.startswith(MACHINES) or path in MACHINES:
        return path
    return path.rstrip("/")


def masked(text: str) -> str:
    """A path or a text, the source keys in it replaced by [redacted]."""
    return redact(_KEYS.sub(r"\1[redacted]", text))


def trailing_slash_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Serve every machine address with and without a slash at its end."""

    def answer(request: HttpRequest) -> HttpResponse:
        request.path_info = without_slash(request.path_info)
        request.path = without_slash(request.path)
        return get_response(request)

    return answer
