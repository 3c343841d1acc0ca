"""What every page's frame shows: workspace, person, navigation, and the warning of an open API."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import Workspace
from accounts.selectors import workspaces_of
from accounts.web import current_membership
from core.errors import Problem
from core.navigation import navigation
from core.viewer import viewer_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """A context processor; everything that costs a query is read only when a template asks for it."""
    return {
        "navigation": navigation,
        "open_loopback": settings.TOCSIN_OPEN_LOOPBACK,
        "workspace": SimpleLazyObject(lambda: _workspace(request)),
        "workspaces": SimpleLazyObject(lambda: workspaces_of(viewer_of(request))),
        "theme": _theme(request),
    }


def _workspace(request: HttpRequest) -> Workspace | None:
    try:
        return current_membership(request).workspace
    except Problem:
        return None


def _theme(request: HttpRequest) -> str:
    """The stored choice, or "" to follow the system."""
    try:
        theme = getattr(getattr(request, "user", None), "theme", "system")
    except (OperationalError, InterfaceError):
        theme = "system"  # the page that says the database is away must not need it
    return "" if theme == "system" else theme
