"""Actor of the current page request, found by the function that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string


class Viewer(Protocol):
    """The part of an actor that the lower layers need."""

    @property
    def workspace_id(self) -> int: ...
    @property
    def user_id(self) -> int | None: ...
    @property
    def viewer(self) -> int: ...
    @property
    def label(self) -> str: ...


@cache
def _finder() -> Callable[[HttpRequest], Viewer]:
    return cast("Callable[[HttpRequest], Viewer]", import_string(settings.TOCSIN_VIEWER))


def viewer_of(request: HttpRequest) -> Any:
    """Return the actor of a request with a session. Raises Unauthenticated or Forbidden."""
    return _finder()(request)
