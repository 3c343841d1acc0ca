"""Converts between Django and webhook requests and replies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.http.machine_addresses import masked
from core.http.problem_responses import CONTENT_TYPE, KEEPS_BODY
from detection.webhooks.parsed import Reply
from detection.webhooks.receive import IncomingRequest

# More than any format accepts; the web process reads no more than the format in the URL does.
MAX_BODY_BYTES: Final = 16_100_000
# Set in the scope of a request whose body was too large to be passed on.
CUT: Final = "tocsin.body_was_cut"


def incoming_request(request: HttpRequest, path: str = "") -> IncomingRequest:
    """Return the request; its body may exceed Django's limit for forms.

    `path` is the part after the source's key.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    raw = request.read(MAX_BODY_BYTES)
    request_id = vars(request).get("request_id", "")
    is_cut = CUT in vars(request).get("scope", {})
    return IncomingRequest(
        request.method or "", headers, raw, timezone.now(), request.GET.dict(), path, request_id, is_cut
    )


def response_of(reply: Reply, request: HttpRequest) -> HttpResponse:
    """Return the reply as HTTP; a format's own body is unchanged."""
    if reply.headers.get("Content-Type") == CONTENT_TYPE and isinstance(reply.body, Mapping):
        # The key in the URL is a credential: a response that may be logged must not contain it.
        belonging = {"instance": masked(request.path), "request_id": vars(request).get("request_id", "")}
        reply = replace(reply, body={**reply.body, **belonging})
    if isinstance(reply.body, str):
        content, kind = reply.body, "text/plain; charset=utf-8"
    else:
        content = "" if reply.body is None else json.dumps(reply.body, default=str)
        kind = "application/json"
    headers = {"Content-Type": kind, **reply.headers}
    response = HttpResponse(content, status=reply.status, headers=headers)
    vars(response)[KEEPS_BODY] = True
    return response
