"""Requires a recent password for sensitive actions.

So that an unattended, signed-in browser cannot be used to take over the account.
"""

from __future__ import annotations

import time
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode

from accounts.sign_in.page_authentication import signed_in
from accounts.sign_in.session_expiry import STARTED_KEY
from core.ui.form_recovery import save_form
from core.ui.htmx import go_to

CONFIRMED: Final = "confirmed"
VALID_FOR_S: Final = 900.0
PAGE: Final = "/account/confirm"


def is_recently_confirmed(request: HttpRequest) -> bool:
    """Return whether this person signed in or confirmed the password within the last 15 minutes.

    True for someone without a password, who used a one-time link.
    """
    if not signed_in(request).has_usable_password():
        return True
    last = max(float(request.session.get(name, 0.0)) for name in (STARTED_KEY, CONFIRMED))
    return time.time() - last < VALID_FOR_S


def confirm(request: HttpRequest) -> None:
    """Record that the password was confirmed now."""
    request.session[CONFIRMED] = time.time()


def require_recent_password(request: HttpRequest, *, back: str) -> HttpResponse:
    """Redirect to the password form, and from there to the page `back`; form input is saved meanwhile."""
    if request.path == back:
        save_form(request)
    return go_to(request, f"{PAGE}?{urlencode({'next': back})}")
