"""Error handlers that need no database and show no internals."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from core.sql.database_faults import DATABASE_FAULTS
from core.ui.error_pages import layout_for


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _page(request, 404)


def our_fault(request: HttpRequest) -> HttpResponse:
    """500, rendered without the request: its context would query the database, which may be what failed."""
    context = {"request_id": getattr(request, "request_id", "")}
    if isinstance(sys.exc_info()[1], DATABASE_FAULTS):
        # From a middleware, such as the session's; `core.ui.error_pages` handles views.
        return HttpResponse(render_to_string("503.html", context), status=503, headers={"Retry-After": "5"})
    return HttpResponse(render_to_string("500.html", context), status=500)


def _page(request: HttpRequest, status: int) -> HttpResponse:
    context = {"request_id": getattr(request, "request_id", ""), "layout": layout_for(request, status)}
    return render(request, f"{status}.html", context, status=status)
