"""Template context of every page: workspace, person, navigation, open-API warning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.identity.bound_session import bound_workspace
from accounts.models import Workspace
from accounts.permissions import Capability, allowed
from accounts.selectors import workspaces_of
from accounts.sign_in.page_authentication import current_actor, current_membership
from core.current_actor import viewer_of
from core.errors import Problem
from core.health.monitor import HEALTH_MONITOR, FailingCheck, affecting
from core.registry import Registry
from core.ui.navigation import NAVIGATION, SETTINGS, NavItem, current_entry, navigation


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor; everything that costs a query is lazy."""
    return {
        "navigation": SimpleLazyObject(lambda: _side_bar(request)),
        "settings_menu": SimpleLazyObject(lambda: _navigation(request, SETTINGS)),
        "nav_current": current_entry(request.path),
        "open_loopback": settings.TOCSIN_OPEN_LOOPBACK,
        "workspace": SimpleLazyObject(lambda: _workspace(request)),
        "workspaces": SimpleLazyObject(lambda: _workspaces(request)),
        "theme": _preference(request, "theme", "system").replace("system", ""),
        "own_zone": _preference(request, "time_zone", ""),
        "keys": "on" if _preference(request, "keyboard_shortcuts", True) else "off",
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "failing_checks": SimpleLazyObject(lambda: _failing_checks(request)),
    }


def _side_bar(request: HttpRequest) -> list[NavItem]:
    """Return the navigation, without onboarding if an admin hid it."""
    workspace = _workspace(request)
    is_away = workspace is not None and workspace.setup_dismissed_at is not None
    return [item for item in _navigation(request, NAVIGATION) if not (is_away and item.url == "/setup")]


def _navigation(request: HttpRequest, entries: Registry[NavItem]) -> list[NavItem]:
    try:
        actor = current_actor(request)
    except Problem:
        return navigation(lambda _: False, entries)
    return navigation(lambda capability: allowed(actor, Capability(capability)), entries)


def _workspace(request: HttpRequest) -> Workspace | None:
    try:
        return current_membership(request).workspace
    except Problem:
        return None


def _workspaces(request: HttpRequest) -> Sequence[Workspace]:
    """Return the workspaces that the person may switch to."""
    bound = bound_workspace(request)
    return [one for one in workspaces_of(viewer_of(request)) if bound in (None, one.pk)]


def _failing_checks(request: HttpRequest) -> tuple[FailingCheck, ...]:
    """Return the checks to show; the workspace is loaded only if one is specific to a workspace."""
    failing_checks = HEALTH_MONITOR.failing_checks()
    if all(one.workspaces is None for one in failing_checks):
        return failing_checks
    try:
        workspace = _workspace(request)
    except (DatabaseError, InterfaceError):
        workspace = None
    return affecting(failing_checks, workspace.pk if workspace else None)


def _preference(request: HttpRequest, name: str, default: Any) -> Any:
    """Return what the person chose in their profile, else the default."""
    try:
        return getattr(getattr(request, "user", None), name, default)
    except (DatabaseError, InterfaceError):
        return default  # the page that says the database is down or outdated must not need it
