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
    """303: the change is made, look there."""

    status_code = 303


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page; its request after a lost history entry wants all of it."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, part: str, status: int = 200
) -> HttpResponse:
    """The whole of `template`, or for htmx the partial of it called `part`."""
    name = f"{template}#{part}" if wants_fragment(request) else template
    response = render_template(request, name, dict(context), status=status)
    response["Vary"] = "HX-Request"
    return response


def done(
    request: HttpRequest, message: str, *, url: str, topics: Sequence[str] = (), undo: str = ""
) -> HttpResponse:
    """The answer to a form that did its work: 303 to `url`; for htmx 204, a toast and fresh panels.

    `undo` is where a POST takes it back; a GET of the address above it asks first.
    """
    if not wants_fragment(request):
        asked = undo.removesuffix("/undo")
        link = format_html('{} <a class="link" href="{}">Undo…</a>', message, asked) if undo else message
        messages.success(request, link)
        return SeeOther(url)
    response = HttpResponse(status=204)
    said = {"message": message, "topics": list(topics), **({"undo": undo} if undo else {})}
    response["HX-Trigger"] = json.dumps({"tocsin:done": said})
    return response


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Another page: 303, or for htmx an HX-Redirect."""
    if not wants_fragment(request):
        return SeeOther(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
    return response
