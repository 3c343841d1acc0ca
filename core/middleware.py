"""What every request and answer gets: an id, the headers of a careful site, problem+json below /api/."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

from core.careful import HEADERS, sane_id
from core.http_problems import CONTENT_TYPE, PLAIN_SPOKEN, plain_problem

Next = Callable[[HttpRequest], HttpResponseBase]
API_PREFIX: Final = "/api/"


class ClientAddress:
    """REMOTE_ADDR is who called our own proxies: the last address they named that is not one of them.

    Nobody else is believed, or everybody could be somebody else at the limits.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        named = request.headers.get("X-Forwarded-For", "").split(",")
        while named and _is_proxy(request.META.get("REMOTE_ADDR", "")):
            if not _is_address(said := named.pop().strip()):
                break
            request.META["REMOTE_ADDR"] = said
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_proxy(text: str) -> bool:
    return _is_address(text) and any(ip_address(text) in network for network in settings.TRUSTED_PROXIES)


class RequestId:
    """`request.request_id`: the caller's X-Request-ID when it is a sane one, else ours; always answered."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = sane_id(request.headers.get("X-Request-ID", ""))
        request.META["HTTP_X_REQUEST_ID"] = request_id
        request.__dict__["request_id"] = request_id
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class CarefulHeaders:
    """What browsers may do with our pages; nothing signed in is kept in a shared cache."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        if not response.has_header("Cache-Control") and not request.path.startswith("/static/"):
            patch_cache_control(response, private=True, no_cache=True)
        return response


class ApiProblems:
    """Below /api/ every refusal is problem+json: unknown addresses, wrong methods and our own faults too."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code < 400 or not request.path.startswith(API_PREFIX):
            return response
        is_worded = response.headers.get("Content-Type", "").startswith(CONTENT_TYPE)
        if is_worded or PLAIN_SPOKEN in vars(response):
            return response
        return self._translated(request, response)

    def _translated(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
        kept = {name: response[name] for name in ("Allow", "Retry-After") if response.has_header(name)}
        return plain_problem(response.status_code, request, kept)
