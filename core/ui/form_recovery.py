"""Keeps form input over a re-login.

The words wait in the session of that browser and are shown in the same form again, to be sent once more;
nothing is ever applied by itself.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, QueryDict

from core.redaction import is_secret

KEY: Final = "kept_form"
MAX_CHARS: Final = 64_000  # characters; the longest form there is has three texts of 20,000
KEEP_FOR_S: Final = 3600
_NEVER: Final = ("current",)  # the present password, where a new one is set


def _is_secret(name: str) -> bool:
    return is_secret(name) or name in _NEVER


def save_form(request: HttpRequest) -> str:
    """Keep the fields of a POST, and answer the address whose GET shows them again; "" when nothing is kept.

    Call it where Django has seen that the form came from a page of ours. Secrets, files and forms of more
    than 64,000 characters are not kept.
    """
    if request.method != "POST" or request.FILES:
        return ""
    fields = {name: values for name, values in request.POST.lists() if not _is_secret(name)}
    if not fields or sum(len(text) for values in fields.values() for text in values) > MAX_CHARS:
        return ""
    is_new = not request.session.session_key
    request.session[KEY] = {"path": request.path, "fields": fields}
    if is_new:
        request.session.set_expiry(KEEP_FOR_S)
    return request.path


def take_form(request: HttpRequest) -> QueryDict | None:
    """What was kept for this address, once; None when nothing was."""
    kept = request.session.get(KEY) if hasattr(request, "session") else None
    if request.method != "GET" or not isinstance(kept, dict) or kept.get("path") != request.path:
        return None
    del request.session[KEY]
    data = QueryDict(mutable=True)
    for name, values in kept["fields"].items():
        data.setlist(name, values)
    return data
