"""Keeps form input over a re-login.

The input is saved in the session and filled into the same form again; nothing is submitted automatically.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, QueryDict

from core.redaction import is_secret

KEY: Final = "recovered_form"
MAX_CHARS: Final = 64_000  # the longest form has three texts of 20,000
KEEP_FOR_S: Final = 3600
_NEVER: Final = ("current",)  # the current password, where a new one is set


def _is_secret(name: str) -> bool:
    return is_secret(name) or name in _NEVER


def save_form(request: HttpRequest) -> str:
    """Save the fields of a POST and return the URL that shows them again; "" when nothing was saved.

    Call it only after Django has verified the form's origin. Secrets, files and forms of more than 64,000
    characters are not saved.
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
    """Return and delete the input saved for this URL; None if there is none."""
    saved = request.session.get(KEY) if hasattr(request, "session") else None
    if request.method != "GET" or not isinstance(saved, dict) or saved.get("path") != request.path:
        return None
    del request.session[KEY]
    data = QueryDict(mutable=True)
    for name, values in saved["fields"].items():
        data.setlist(name, values)
    return data
