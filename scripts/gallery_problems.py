"""Writes the error pages as the server renders them: one file each into a folder. A program.

python -m scripts.gallery_problems FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.http import HttpResponse

if TYPE_CHECKING:  # needs settings
    from core.errors import Problem

REQUEST_ID = "4f1b9c2e"


def write(folder: Path) -> None:
    """Write `error-<status>.html` and the like, each as seen signed out."""
    for name, render in _pages().items():
        (folder / f"error-{name}.html").write_bytes(render(_request()).content)


def _request() -> Any:
    from django.contrib.auth.models import AnonymousUser
    from django.test import RequestFactory

    request: Any = RequestFactory(headers={"host": "localhost"}).get("/incidents/INC-42")
    request.user, request.session, request.request_id = AnonymousUser(), {}, REQUEST_ID
    return request


def _pages() -> dict[str, Callable[[Any], Any]]:
    from config.pages import errors
    from core.errors import Conflict, Invalid, RateLimited, Unavailable
    from core.ui import error_pages

    old = "INC-42 has changed since you read it: it is at version 7, you sent 6. Nothing was changed."
    soon = {"Retry-After": "40"}
    return {
        "400": lambda request: errors.bad_request(request, ValueError()),
        "403": lambda request: errors.forbidden(request, PermissionError()),
        "403-form": error_pages.form_expired,
        "404": lambda request: errors.not_found(request, LookupError()),
        "409": _refused(Conflict(old)),
        "422": _refused(Invalid("The title is longer than 200 characters.")),
        "429": _refused(RateLimited("Too many attempts to sign in.", headers=soon)),
        "500": errors.our_fault,
        "503-away": _refused(Unavailable(error_pages.AWAY, headers=soon)),
        "503-behind": _refused(Unavailable(error_pages.BEHIND)),
    }


def _refused(fault: Problem) -> Callable[[Any], Any]:
    from core.ui.error_pages import ErrorPages

    return lambda request: ErrorPages(lambda _: HttpResponse()).process_exception(request, fault)


if __name__ == "__main__":
    django.setup()
    write(Path(sys.argv[1]))
