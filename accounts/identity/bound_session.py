"""Sessions that only an identity provider vouches for. Each is bound to the provider's workspace.

A workspace's admins choose its provider, which can therefore sign in as anyone who is linked to it. So such a
session acts in that workspace only, and changes no account that belongs to another workspace as well. A
password, a passkey, a second factor or a one-time link makes a session of the person's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.identity.selectors import provider_named
from accounts.models import User
from core.errors import Forbidden
from core.ui.error_pages import ErrorPages

BOUND: Final = "identity_workspace"
_ACCOUNT_PAGES: Final = ("/account/password", "/account/2fa/")
_ACCOUNT_FORMS: Final = ("/settings/profile", "/sign-in/invitation/")
_HOW: Final = (
    "Sign out, then sign in with your password, a passkey or a one-time link, which the operator of this "
    "server makes. Nothing was changed."
)


class BoundSession(Forbidden):
    """403: the session is bound to the workspace of the identity provider."""

    code = "bound_session"
    title = "Sign in another way"


def workspace_to_bind(request: HttpRequest, user: User) -> int | None:
    """Return the workspace of the provider if nothing else authenticated the person, 0 if it is gone."""
    records = get_authentication_records(request, user)
    if not records or any(one.get("method") != "socialaccount" for one in records):
        return None
    provider = provider_named(str(records[-1].get("provider")))
    return provider.workspace_id if provider else 0


def bind_session(request: HttpRequest, workspace_id: int | None) -> None:
    """Bind the session that began to a workspace; None: to none."""
    request.session[BOUND] = workspace_id


def unbind_session(request: HttpRequest) -> None:
    """Make it a session of the person's own, after a sign-in by other means."""
    request.session[BOUND] = None


def bound_workspace(request: HttpRequest) -> int | None:
    """Return the id of the only workspace that the session opens; None: it opens all of the person's."""
    if BOUND not in request.session:  # it began before sessions were bound, or without allauth
        return workspace_to_bind(request, request.user) if isinstance(request.user, User) else None
    bound: int | None = request.session[BOUND]
    return bound


def refuse_elsewhere(request: HttpRequest, workspace_id: int | None) -> None:
    """Raise BoundSession if the session is bound to another workspace; None: all workspaces are meant."""
    if bound_workspace(request) not in (None, workspace_id):
        where = "for the workspace of your identity provider only"
        raise BoundSession(f"You signed in with an identity provider, {where}. {_HOW}")


def require_own_session(request: HttpRequest, user: User) -> None:
    """Raise BoundSession if the session is bound and the account belongs to other workspaces as well."""
    bound = bound_workspace(request)
    if bound is not None and user.memberships.exclude(workspace_id=bound).exists():
        raise BoundSession(
            f"Your account belongs to other workspaces than that of your identity provider as well. {_HOW}"
        )


class BoundSessionMiddleware:
    """Middleware: refuses bound sessions the admin pages and changes of what the account signs in with."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Return the error page of a refused request."""
        try:
            _check(request)
        except BoundSession as fault:
            return ErrorPages(self.get_response).process_exception(request, fault)
        return None


def _check(request: HttpRequest) -> None:
    is_form = request.path.startswith(_ACCOUNT_FORMS) and request.method == "POST"
    is_admin = request.path.startswith("/admin/")
    if not (is_form or is_admin or request.path.startswith(_ACCOUNT_PAGES)):
        return
    if not isinstance(request.user, User):
        return
    if is_admin:
        refuse_elsewhere(request, None)
    require_own_session(request, request.user)
