"""Panels: page fragments that load, refresh and fail independently."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from core.current_actor import viewer_of
from core.errors import NotFound, Problem
from core.registry import Registry
from core.ui.render_cache import RenderCache


class Panel(ABC):
    """One fragment of a page. `key` is its subject ("42" on an incident's page), `query` the page's filter.

    slot: its position; an app above fills a slot of a page below by naming it. order: within the slot.
    is_cached: every viewer sees the same under the same `version`, so that it is rendered once for all.
    """

    name: ClassVar[str]
    slot: ClassVar[str] = ""
    order: ClassVar[int] = 50
    title: ClassVar[str]
    template: ClassVar[str]
    css: ClassVar[str] = ""
    every_s: ClassVar[int] = 0
    is_cached: ClassVar[bool] = False

    def topics(self, key: str) -> tuple[str, ...]:
        """Return the live topics after which it must be fetched again."""
        return ()

    @abstractmethod
    def context(self, actor: Any, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the context of its template. Raises Problem when the viewer may not see it."""

    def version(self, context: Mapping[str, Any]) -> str:
        """Return a text that changes whenever the rendering would; empty: render every time."""
        return ""


PANELS: Registry[Panel] = Registry("panel")
_cache = RenderCache(200, max_chars=65_536)


def panel(cls: type[Panel]) -> type[Panel]:
    """Class decorator: register the panel."""
    PANELS.add(cls.name, cls())
    return cls


def panels_in(slot: str) -> Iterator[Panel]:
    """Return the panels of a slot, in order."""
    yield from sorted((p for p in PANELS if p.slot == slot), key=lambda p: p.order)


def address(name: str, key: str, query: Mapping[str, str]) -> str:
    """Return the URL of a panel: `/panels/<name>?key=…&…`."""
    return f"/panels/{name}?{urlencode({**query, 'key': key})}"


def render_panel(request: HttpRequest, one: Panel, key: str, query: Mapping[str, str]) -> SafeString:
    """Render the inside of a panel; if it fails it shows an error instead of failing the page."""
    try:
        context = one.context(viewer_of(request), key, query)
        return _render(request, one, key, query, context)
    except (Problem, DatabaseError) as problem:
        return render_to_string("components/panel_failed.html", {"panel": one, "problem": problem}, request)


def _render(
    request: HttpRequest, one: Panel, key: str, query: Mapping[str, str], context: dict[str, Any]
) -> SafeString:
    values = {"panel": one, "key": key, "query": query, **context}
    if one.is_cached:
        return _cache.get((one.name, one.version(context)), lambda: _text(one, values))
    return SafeString(_text(one, values, request))


def _text(one: Panel, values: dict[str, Any], request: HttpRequest | None = None) -> str:
    return render_to_string(one.template, values, request).strip()  # CSS hides an :empty panel


def panel_view(request: HttpRequest, name: str) -> HttpResponse:
    """GET /panels/<name>?key=…: the panel with the viewer's permissions. 304: not changed."""
    if name not in PANELS:
        raise NotFound("There is no such panel.")
    one, query = PANELS.get(name), request.GET.dict()
    key = query.pop("key", "")
    context = one.context(viewer_of(request), key, query)
    etag = _etag(request, one.version(context))
    if etag and request.headers.get("If-None-Match") == etag:
        return _cached(HttpResponseNotModified(), etag)
    return _cached(HttpResponse(_render(request, one, key, query, context)), etag)


def _etag(request: HttpRequest, version: str) -> str:
    """Return an ETag bound to the session too: forms inside carry its CSRF token."""
    if not version:
        return ""
    zone = timezone.get_current_timezone_name()
    seed = f"{request.session.session_key}|{zone}|{request.get_full_path()}|{version}"
    return f'"{hashlib.sha256(seed.encode()).hexdigest()[:32]}"'


def _cached(response: HttpResponse, etag: str) -> HttpResponse:
    response["Cache-Control"] = "private, no-cache" if etag else "no-store"
    if etag:
        response["ETag"] = etag
    return response


PanelView = Callable[[HttpRequest, str], HttpResponse]
