"""Per-request memoization of reading functions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

P = ParamSpec("P")
T = TypeVar("T")
_cache: ContextVar[dict[Hashable, Any] | None] = ContextVar("read_for_this_page", default=None)


class RequestCache:
    """Middleware: enables `cached_per_request` during GET and HEAD requests."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        token = _cache.set({})
        try:
            return self.get_response(request)
        finally:
            _cache.reset(token)


def cached_per_request(function: Callable[P, T]) -> Callable[P, T]:
    """Decorator: cache the result per arguments for the current request.

    Arguments must be hashable and the result must not be modified. Exceptions are not cached.
    """

    @functools.wraps(function)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        known = _cache.get()
        if known is None:
            return function(*args, **kwargs)
        key = (function, args, *sorted(kwargs.items()))
        if key not in known:
            known[key] = function(*args, **kwargs)
        result: T = known[key]
        return result

    return reading
