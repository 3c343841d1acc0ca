"""Helpers for views that serve a page, a fragment and an action result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render as render_template
from django.utils.html import format_html


class SeeOther(HttpResponseRedirect):
    """303: the change was made; redirect there."""

    status_code = 303


def wants_fragment(request: HttpRequest) -> bool:
    """Return whether htmx requests a fragment; a request for a missing history entry needs the whole page."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, part: str, status: int = 200
) -> HttpResponse:
    """Render the whole `template`, or for htmx its partial called `part`."""
    name = f"{template}#{part}" if wants_fragment(request) else template
    response = render_template(request, name, dict(context), status=status)
    response["Vary"] = "HX-Request"
    return response


def done(
    request: HttpRequest, message: str, *, url: str, topics: Sequence[str] = (), undo: str = ""
) -> HttpResponse:
    """Return the response to a successful form: 303 to `url`; for htmx 204 with a toast, refreshing panels.

    `undo` is where a POST reverts it; a GET of the URL above it asks for confirmation.
    """
    if not wants_fragment(request):
        undo_url = undo.removesuffix("/undo")
        link = format_html('{} <a class="link" href="{}">Undo…</a>', message, undo_url) if undo else message
        messages.success(request, link)
        return SeeOther(url)
    response = HttpResponse(status=204)
    payload = {"message": message, "topics": list(topics), **({"undo": undo} if undo else {})}
    response["HX-Trigger"] = json.dumps({"tocsin:done": payload})
    return response


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect to another page: 303, or for htmx an HX-Redirect."""
    if not wants_fragment(request):
        return SeeOther(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
    return response
