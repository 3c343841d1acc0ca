"""Keeps form input over a re-login.

The input is saved in the session and filled into the same form again; nothing is submitted automatically.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, QueryDict

from core.errors import RateLimited
from core.http.client_ip import network_of
from core.rate_limit.limiter import Limit, rate_limiter
from core.redaction import is_secret

KEY: Final = "recovered_form"
MAX_CHARS: Final = 64_000  # the longest form has three texts of 20,000
KEEP_FOR_S: Final = 3600
MAX_NEW_SESSIONS: Final = 20  # a minute, from one network
_NEVER: Final = ("current",)  # the current password, where a new one is set


def _is_secret(name: str) -> bool:
    return is_secret(name) or name in _NEVER


def save_form(request: HttpRequest) -> str:
    """Save the fields of a POST and return the URL that shows them again; "" when nothing was saved.

    Call it only after Django has verified the form's origin. Secrets, files and forms of more than 64,000
    characters are not saved, nor are more than 20 a minute from one network whose browsers have no session.
    """
    if request.method != "POST" or request.FILES:
        return ""
    fields = {name: values for name, values in request.POST.lists() if not _is_secret(name)}
    if not fields or sum(len(text) for values in fields.values() for text in values) > MAX_CHARS:
        return ""
    request.session.get(KEY)  # loads it: the key of a cookie is that of a session only if there is one
    is_new = not request.session.session_key
    if is_new and not _may_start_session(request):
        return ""
    request.session[KEY] = {"path": request.path, "fields": fields}
    if is_new:
        request.session.set_expiry(KEEP_FOR_S)
    return request.path


def _may_start_session(request: HttpRequest) -> bool:
    network = network_of(str(request.META.get("REMOTE_ADDR", "")))
    try:
        rate_limiter().charge(Limit(f"form:{network}", MAX_NEW_SESSIONS, 60, "forms a minute"))
    except RateLimited:
        return False
    return True


def take_form(request: HttpRequest) -> QueryDict | None:
    """Return and delete the input saved for this URL; None if there is none."""
    saved = request.session.get(KEY) if hasattr(request, "session") else None
    if request.method != "GET" or not isinstance(saved, dict) or saved.get("path") != request.path:
        return None
    del request.session[KEY]
    data = QueryDict(mutable=True)
    for name, values in saved["fields"].items():
        data.setlist(name, values)
    return data
