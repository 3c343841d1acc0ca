"""Requires a recent password for sensitive actions.

Whoever sits down at a screen that was left open shall not take the account over.
"""

from __future__ import annotations

import time
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode

from accounts.sign_in.page_authentication import signed_in
from accounts.sign_in.session_expiry import BEGUN
from core.ui.form_recovery import save_form
from core.ui.htmx import go_to

CONFIRMED: Final = "confirmed"
VALID_FOR_S: Final = 900.0
PAGE: Final = "/account/confirm"


def is_recently_confirmed(request: HttpRequest) -> bool:
    """Whether this person signed in or gave the password within the last quarter of an hour.

    Someone who has no password yet came by a one-time link, and has nothing to give.
    """
    if not signed_in(request).has_usable_password():
        return True
    last = max(float(request.session.get(name, 0.0)) for name in (BEGUN, CONFIRMED))
    return time.time() - last < VALID_FOR_S


def confirm(request: HttpRequest) -> None:
    """Note that the password was right just now."""
    request.session[CONFIRMED] = time.time()


def require_recent_password(request: HttpRequest, *, back: str) -> HttpResponse:
    """To the password, and from there to `back`, a page of ours; what was typed into its form waits there."""
    if request.path == back:
        save_form(request)
    return go_to(request, f"{PAGE}?{urlencode({'next': back})}")
