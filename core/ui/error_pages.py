"""Middleware that renders errors as pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode

from core.errors import NotFound, Problem, Unauthenticated, Unavailable
from core.health.checks import is_behind
from core.sql.database_faults import DATABASE_FAULTS
from core.ui.form_recovery import save_form
from core.ui.htmx import go_to, wants_fragment

AWAY = "The database is unavailable. Nothing was changed; senders retry their events. Try again in a moment."
BEHIND: Final = (
    "The database schema is older than this version of Tocsin: its migrations are not finished. "
    "Nothing was changed; run manage.py prepare."
)

# Called by programs, which read a 405 themselves.
MACHINES: Final = ("/api/", "/v1/", "/v2/", "/metrics", "/livez", "/readyz", "/calendar/", "/admin/")

# status -> (what was kept, what to do)
GUIDE: Final = {
    400: ("Nothing was changed.", "Go back and try again."),
    403: ("Nothing was changed.", "Ask an admin of this workspace to change your role."),
    404: ("", "Check the number, or search for a word in the title."),
    409: (
        "Your change was not applied; your input is still in the form when you go back.",
        "Check the current state, then submit again if your change still applies.",
    ),
    413: ("Nothing was stored.", "Send less at once."),
    422: ("Nothing was changed.", "Go back and correct the named fields."),
    429: ("Nothing was changed.", "Wait a moment, then retry."),
    503: (
        "Nothing was changed; your input is still in the form when you go back.",
        "Try again in a moment.",
    ),
}


class ErrorPages:
    """Middleware: renders a Problem raised by a page as an error page, or redirects to the sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_bare = response.status_code == 405 and not getattr(response, "content", b"")
        if not is_bare or request.path.startswith(MACHINES):
            return response
        page = render(request, "405.html", {"layout": layout_for(request)}, status=405)
        page["Allow"] = response.get("Allow", "")
        return page

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """PostgreSQL takes NUL nowhere, so nothing is named with it; the API says so of its own addresses."""
        if "\x00" not in request.path or request.path.startswith("/api/"):
            return None
        return self.process_exception(request, NotFound("There is no page at this address."))

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        """Return the page for a Problem, or for a database that is down or not migrated.

        The API renders its own.
        """
        if isinstance(fault, DATABASE_FAULTS):
            fault = Unavailable(AWAY, headers={"Retry-After": "5"})
        elif isinstance(fault, DatabaseError) and is_behind(fault):
            fault = Unavailable(BEHIND, headers={"Retry-After": "5"})
        if not isinstance(fault, Problem) or request.path.startswith("/api/"):
            return None
        if isinstance(fault, Unauthenticated):
            return _sign_in(request)
        if wants_fragment(request):
            return _for_fragment(fault)
        context = _context(fault) | {"layout": layout_for(request, fault.status)}
        response = render(request, "problem.html", context, status=fault.status)
        for name, value in fault.headers.items():
            response[name] = value
        return response


def layout_for(request: HttpRequest, status: int = 404) -> str:
    """Return the site's layout for signed-in people, or a plain one if the database may be at fault."""
    user = getattr(request, "user", None)
    is_in = status != 503 and user is not None and user.is_authenticated
    return "layouts/app.html" if is_in else "layouts/auth.html"


def _context(fault: Problem) -> dict[str, object]:
    changes, todo = GUIDE.get(fault.status, GUIDE[400])
    if seconds := fault.headers.get("Retry-After"):
        todo = f"Try again in {seconds} seconds."
    return {"problem": fault, "changes": changes, "todo": todo}


def _for_fragment(fault: Problem) -> HttpResponse:
    """Return a response that swaps nothing: the page stays and a toast shows the error."""
    response = HttpResponse(status=fault.status)
    response["HX-Reswap"] = "none"
    response["HX-Trigger"] = json.dumps({"tocsin:problem": {"message": fault.detail or fault.title}})
    return response


def _sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in and back; form input is saved meanwhile."""
    return go_to(request, _leading_back(_way_back(request)))


def _way_back(request: HttpRequest) -> str:
    # The URL of a fragment is no page to return to, and the browser still has its page's input.
    if wants_fragment(request):
        return request.headers.get("HX-Current-URL", "/")
    return save_form(request) or request.get_full_path()


def _leading_back(back: str) -> str:
    return settings.LOGIN_URL if back == "/" else f"{settings.LOGIN_URL}?{urlencode({'next': back})}"


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the response to a form with the CSRF token of an earlier sign-in: the form again, filled in.

    Only if the Origin or Referer proves that it came from Tocsin; otherwise a plain 403.
    """
    is_ours = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if is_ours and (path := save_form(request)):
        return go_to(request, path)
    return render(request, "403_csrf.html", status=403)
