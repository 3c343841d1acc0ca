"""Some things want the password again, unless it was given a few minutes ago.

Whoever sits down at a screen that was left open shall not take the account over.
"""

from __future__ import annotations

import time
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode

from accounts.sessions import BEGUN
from accounts.web import signed_in
from core.htmx import go_to
from core.kept_forms import keep_form

CONFIRMED: Final = "confirmed"
GOOD_FOR_S: Final = 900.0
PAGE: Final = "/account/confirm"


def is_confirmed(request: HttpRequest) -> bool:
    """Whether this person signed in or gave the password within the last quarter of an hour.

    Somebody who has no password yet came by a one-time link, and has nothing to give.
    """
    if not signed_in(request).has_usable_password():
        return True
    last = max(float(request.session.get(name, 0.0)) for name in (BEGUN, CONFIRMED))
    return time.time() - last < GOOD_FOR_S


def confirm(request: HttpRequest) -> None:
    """Note that the password was right just now."""
    request.session[CONFIRMED] = time.time()


def ask_first(request: HttpRequest, *, back: str) -> HttpResponse:
    """To the password, and from there to `back`, a page of ours; what was typed into its form waits there."""
    if request.path == back:
        keep_form(request)
    return go_to(request, f"{PAGE}?{urlencode({'next': back})}")
