"""API authentication: a token, a session with CSRF, or the open local mode."""

from __future__ import annotations

from typing import Any, Final, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from ninja.security.base import AuthBase

from accounts.actor import Actor
from accounts.sign_in.page_authentication import actor_of, current_actor, membership_named
from accounts.tokens.authentication import authenticate, credential
from core.errors import FieldFault, Forbidden, Invalid
from core.rate_limit.limiter import Limit, rate_limiter

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
WORKSPACE_HEADER: Final = "x-workspace"


class CsrfFailed(Forbidden):
    """403: a change with a session cookie but without a CSRF token."""

    code = "csrf_failed"
    title = "CSRF token missing"


class ApiAuthentication(AuthBase):
    """Sets the Actor as `request.auth`; every refusal is a Problem."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_name = "token"
    csrf = True  # lets the interactive docs send the CSRF token

    def __init__(self) -> None:
        super().__init__()

    def __call__(self, request: HttpRequest) -> Actor:
        _refuse_nul(request)
        actor = _caller(request)
        rate_limiter().charge(_limit(actor))
        return actor


def _caller(request: HttpRequest) -> Actor:
    headers = {name.lower(): value for name, value in request.headers.items()}
    if credential(headers) is None and request.user.is_authenticated:
        _require_csrf(request)
        return _member(request, headers.get(WORKSPACE_HEADER))
    ip = request.META.get("REMOTE_ADDR", "")
    return authenticate(headers, ip, headers.get(WORKSPACE_HEADER))


def _limit(actor: Actor) -> Limit:
    kind, who = actor.kind, actor.user_id or actor.workspace_id
    if actor.token_id is not None:  # also of a person, whose number another token may have
        kind, who = "token", actor.token_id
    return Limit(f"api:{kind}:{who}", settings.API_LIMIT_PER_CALLER, 60, "requests a minute")


def _member(request: HttpRequest, slug: str | None) -> Actor:
    if slug is None:
        return current_actor(request)
    return actor_of(membership_named(request, slug), request_id=getattr(request, "request_id", ""))


def _refuse_nul(request: HttpRequest) -> None:
    in_path = request.resolver_match.kwargs.items() if request.resolver_match else ()
    given = [*request.GET.lists(), *((name, [str(value)]) for name, value in in_path)]
    odd = [name for name, values in given if "\x00" in name + "".join(values)]
    if odd:
        faults = [FieldFault(name[:100], "nul", "must not contain NUL characters") for name in odd]
        raise Invalid("The URL contains a NUL character.", faults=faults)


def actor_in(request: HttpRequest) -> Actor:
    """Return the authenticated actor."""
    return cast("Actor", vars(request)["auth"])


class _Check(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _no_csrf(*_: Any) -> HttpResponse:
    return HttpResponse()


def _require_csrf(request: HttpRequest) -> None:
    """Raise CsrfFailed unless the method is safe or X-CSRFToken has the session's token."""
    if request.method in SAFE:
        return
    _ = request.body  # read before a form is parsed from it
    check = _Check(_no_csrf)
    check.process_request(request)
    vars(request)["csrf_processing_done"] = False
    if reason := check.process_view(request, _no_csrf, (), {}):
        raise CsrfFailed(f"{reason} Send X-CSRFToken, or use a token instead of the session.")
