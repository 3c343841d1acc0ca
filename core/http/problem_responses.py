"""Errors as `application/problem+json` responses (RFC 9457) with the request id."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse

from core.errors import Problem
from core.http.machine_addresses import masked

CONTENT_TYPE: Final = "application/problem+json"
# Set on a response whose error is already in the format of its caller's protocol.
KEEPS_BODY: Final = "keeps_body"
_SENTENCES: Final = {
    400: "The request could not be understood.",
    403: "This is not allowed.",
    404: "Not found.",
    405: "This URL does not accept that method; the Allow header lists those it accepts.",
    413: "The body is larger than 1 MB. Nothing was stored.",
    500: "Server error; it was logged. Quote the request id when you report it.",
    503: "Temporarily unavailable. Nothing was stored; the same request may be sent again.",
}


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Return the response for a Problem."""
    body = problem.as_json() | _request_fields(request)
    return _response(body, problem.status, problem.headers)


def plain_problem(status: int, request: HttpRequest, headers: dict[str, str] | None = None) -> HttpResponse:
    """Return the response where only a status is known: unknown path, wrong method, server error."""
    phrase = HTTPStatus(status).phrase
    body = {
        "type": f"urn:tocsin:problem:{phrase.lower().replace(' ', '_')}",
        "title": phrase,
        "status": status,
        "code": phrase.lower().replace(" ", "_"),
        "detail": _SENTENCES.get(status, phrase),
    }
    return _response(body | _request_fields(request), status, headers or {})


def _request_fields(request: HttpRequest) -> dict[str, str]:
    return {"instance": masked(request.path), "request_id": getattr(request, "request_id", "")}


def _response(body: dict[str, object], status: int, headers: dict[str, str]) -> HttpResponse:
    text = json.dumps(body, default=str)
    return HttpResponse(text, status=status, content_type=CONTENT_TYPE, headers=headers)
