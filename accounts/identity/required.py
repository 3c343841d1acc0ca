"""Requirement of a workspace to sign in with an identity provider."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from accounts.identity.selectors import enabled_in
from accounts.models import User, Workspace
from core.errors import Forbidden
from core.http.security_log import note, seen_of


class IdentityRequired(Forbidden):
    """403: the workspace requires signing in with its identity provider."""

    code = "identity_required"
    title = "Sign in with the identity provider"

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(f"{workspace.name} requires its identity provider to sign in. Nothing was changed.")
        self.workspace = workspace


def require_identity(request: HttpRequest, user: User, workspace: Workspace) -> None:
    """Raise IdentityRequired unless the session used a provider of the workspace or is break-glass."""
    if user.pk == workspace.break_glass_id:
        return
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    providers_used = {str(one.get("provider")) for one in records if one.get("method") == "socialaccount"}
    if not providers_used & {provider.slug for provider in enabled_in(workspace.pk)}:
        raise IdentityRequired(workspace)


class IdentityProviderMiddleware:
    """Middleware: shows people who must use an identity provider its button."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        """Return the page with the buttons; the API returns problem+json instead."""
        if not isinstance(fault, IdentityRequired) or request.path.startswith("/api/"):
            return None
        note("sign_in.refused", means="password", **seen_of(request))
        context = {"workspace": fault.workspace, "providers": enabled_in(fault.workspace.pk)}
        return render(request, "accounts/identity/required.html", context, status=403)
