"""Errors of the product, each rendered as problem+json (RFC 9457) or as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One thing wrong with one field: its path (`events[3].level`), the rule it broke, and a sentence."""

    field: str
    rule: str
    message: str


class Problem(Exception):
    """A refused request: what was wrong, what was kept and what to do next.

    Raised by services; each entry point (web, API, CLI, Slack) renders it in its own way.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"

    def __init__(
        self,
        detail: str,
        *,
        faults: Sequence[FieldFault] = (),
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, Any]:
        """Return the `application/problem+json` body: type, title, status, code, detail, errors, extras."""
        body: dict[str, Any] = {
            "type": f"urn:tocsin:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.faults:
            body["errors"] = [{"field": f.field, "rule": f.rule, "message": f.message} for f in self.faults]
        return body | self.extra


class Malformed(Problem):
    """400: the request could not be parsed."""

    code = "malformed"
    title = "Malformed request"


class Unauthenticated(Problem):
    """401: no credentials, or unknown ones."""

    status = 401
    code = "unauthenticated"
    title = "Sign in or send a token"


class Forbidden(Problem):
    """403: authenticated, but not allowed to do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class Unencrypted(Forbidden):
    """403: requested over plain HTTP. A redirect would hide that a token was sent unencrypted."""

    code = "https_required"
    title = "Use HTTPS"

    def __init__(self) -> None:
        super().__init__("Nothing was read or stored: use https.")


class NotFound(Problem):
    """404: does not exist or is not visible to the caller. Ids of other workspaces give 404, never 403."""

    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(Problem):
    """409: the object has changed since it was read; `extra["current"]` carries its current state."""

    status = 409
    code = "conflict"
    title = "Someone else changed this"


class Gone(Problem):
    """410: a link that was used, withdrawn or has expired."""

    status = 410
    code = "gone"
    title = "This link is no longer valid"


class TooLarge(Problem):
    """413: larger than the stated limit."""

    status = 413
    code = "too_large"
    title = "Too large"


class Invalid(Problem):
    """422: well-formed, but a field breaks a rule; `faults` names each."""

    status = 422
    code = "invalid"
    title = "Validation failed"


class RateLimited(Problem):
    """429: too many requests; `headers["Retry-After"]` says when to come back, in seconds."""

    status = 429
    code = "rate_limited"
    title = "Too many requests"


class Unavailable(Problem):
    """503: nothing was stored; the same request may be sent again after Retry-After seconds."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"
