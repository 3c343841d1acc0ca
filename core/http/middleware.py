"""Middleware for every request: request id, security headers, problem+json below /api/."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

from core.errors import Unencrypted
from core.http.client_ip import client_ip, is_proxy
from core.http.problem_responses import CONTENT_TYPE, KEEPS_BODY, plain_problem, problem_response
from core.http.security_headers import HEADERS, request_id_from
from core.http.security_log import REFUSALS, note, seen_of

Next = Callable[[HttpRequest], HttpResponseBase]
API_PREFIX: Final = "/api/"
# Where an unknown key gives 404.
KEYED: Final = ("/api/v1/webhooks/", "/v2/")
# Called by programs, not people: never redirected from http to https.
PROGRAMS: Final = (API_PREFIX, "/v2/")
# Pages about people and credentials, and responses to programs. Other pages may be restored by the Back
# button, with the input still in their forms.
NEVER_STORED: Final = (*PROGRAMS, "/settings", "/account/", "/setup", "/sign-in", "/sources", "/admin/")


class ClientAddress:
    """Set REMOTE_ADDR to the client that called the trusted proxies: the last address not among them.

    X-Forwarded-For and X-Forwarded-Proto are trusted only from TRUSTED_PROXIES; otherwise every caller could
    choose an address for its rate limit, or claim encryption.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        remote = request.META.get("REMOTE_ADDR", "")
        if not is_proxy(remote):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        request.META["REMOTE_ADDR"] = client_ip(remote, request.headers.get("X-Forwarded-For", ""))
        return self.get_response(request)


class RequestId:
    """Set `request.request_id` to the caller's X-Request-ID if valid, else a new one, and return it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_from(request.headers.get("X-Request-ID", ""))
        request.META["HTTP_X_REQUEST_ID"] = request_id
        request.__dict__["request_id"] = request_id
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class SecurityHeaders:
    """Adds security headers; responses to signed-in people are in no shared cache."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        if not response.has_header("Cache-Control") and not request.path.startswith("/static/"):
            caching = {"no_store": True} if request.path.startswith(NEVER_STORED) else {"no_cache": True}
            patch_cache_control(response, private=True, **caching)
        return response


class SecurityLog:
    """Logs refused requests: unauthenticated, forbidden or rate limited, with who, what and from where."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        status = response.status_code
        if status in REFUSALS or (status == 404 and request.path.startswith(KEYED)):
            note("request.refused", status=status, **seen_of(request))
        return response


class EncryptedOnly:
    """Refuses programs that call over plain HTTP; browsers are redirected by a later middleware."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_open = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if is_open and request.path.startswith(PROGRAMS):
            return problem_response(Unencrypted(), request)
        return self.get_response(request)


class ApiProblems:
    """Renders every error below /api/ as problem+json, also unknown paths, wrong methods, server errors."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < 400 or not request.path.startswith(API_PREFIX):
            return response
        is_worded = response.headers.get("Content-Type", "").startswith(CONTENT_TYPE)
        if is_worded or KEEPS_BODY in vars(response):
            return response
        return self._translated(request, response)

    def _translated(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
        headers = {name: response[name] for name in ("Allow", "Retry-After") if response.has_header(name)}
        return plain_problem(response.status_code, request, headers)
