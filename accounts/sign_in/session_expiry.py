"""Middleware that ends sessions after a time without use, and at a maximum age."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout, user_logged_in
from django.http import HttpRequest
from django.http.response import HttpResponseBase

STARTED_KEY: Final = "begun"
USED: Final = "used"
TOUCH_EVERY_S: Final = 300.0
# Fetches by an open page are no sign of a person using it.
BACKGROUND_PATHS: Final = ("/panels/", "/live")


def is_over(session: Any, *, now: float | None = None) -> bool:
    """Return whether a session exceeded its idle time or maximum age."""
    moment = time.time() if now is None else now
    begun, used = float(session.get(STARTED_KEY, moment)), float(session.get(USED, moment))
    return moment - begun > float(settings.SESSION_LASTS_S) or moment - used > float(settings.SESSION_IDLE_S)


class SessionExpiry:
    """Middleware: ends expired sessions, and records every five minutes that one is in use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Without the cookie there is no session, so no query is needed.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            if is_over(request.session):
                logout(request)
            else:
                _note(request)
        return self.get_response(request)


def _note(request: HttpRequest) -> None:
    session, now = request.session, time.time()
    is_used = not request.path.startswith(BACKGROUND_PATHS)
    if STARTED_KEY not in session or (is_used and now - session[USED] > TOUCH_EVERY_S):
        session.setdefault(STARTED_KEY, now)
        session[USED] = now


def _begin(request: HttpRequest, **_: Any) -> None:
    """Restart the clock at a sign-in, also one within an older session."""
    request.session[STARTED_KEY] = request.session[USED] = time.time()


user_logged_in.connect(_begin)
