"""Pages that belong to no app: search, and the style guide for contributors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.views.decorators.http import require_safe

from accounts.sign_in.page_authentication import current_actor
from config.style_guide.specimens import specimens
from core.search.providers import search_everything
from core.ui.htmx import render, wants_fragment

MAX_ON_PAGE = 20


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """GET /find?q=…: a page of search results; for the palette the same as options of its list."""
    actor, text = current_actor(request), request.GET.get("q", "")
    groups = (
        search_everything(actor, text)
        if wants_fragment(request)
        else search_everything(actor, text, MAX_ON_PAGE)
    )
    return render(request, "find.html", {"groups": groups, "text": text[:100]}, part="options")


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """GET /style, outside production only: every component in every state, for contributors."""
    current_actor(request)
    return render_page(request, "style/page.html", specimens())
