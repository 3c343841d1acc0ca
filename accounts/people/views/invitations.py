"""Invitations: accepting one with its link, renewing and withdrawing them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.identity.bound_session import unbind_session
from accounts.models import Membership, User
from accounts.people.services.invitations import (
    accept_invitation,
    invitation_by_secret,
    renew_invitation,
    withdraw_invitation,
)
from accounts.people.views.members import PAGE, show_invitation
from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import CHOSEN, current_actor
from accounts.sign_in.session_expiry import is_over
from accounts.sign_in.session_store import remember_browser
from accounts.sign_in.views import BACKEND
from core.errors import Conflict, Gone, NotFound
from core.http.security_log import note, seen_of
from core.ui.htmx import SeeOther

TEMPLATE = "accounts/people/invitation.html"


@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, secret: str) -> HttpResponseBase:
    """GET: the invitation. Only POST accepts it, so that a link preview in a chat does not."""
    user, now = _signed_in(request), timezone.now()
    is_reset = user is not None and not user.is_proven
    try:
        if request.method != "POST":
            return _page(
                request, {"invitation": invitation_by_secret(secret=secret, now=now), "signed_in": user}
            )
        membership = accept_invitation(secret=secret, user=user, now=now)
    except Gone as gone:
        note("invitation.refused", **seen_of(request))
        return _page(request, {"refused": gone}, status=gone.status)
    except Conflict as conflict:
        return _page(request, {"refused": conflict, "signed_in": user}, status=conflict.status)
    return _entered(request, membership, is_new=user is None, is_reset=is_reset)


def _entered(request: HttpRequest, membership: Membership, *, is_new: bool, is_reset: bool) -> HttpResponse:
    """Sign in to the workspace; an account that is new or lost its password sets one first."""
    person = membership.user
    if is_reset:
        update_session_auth_hash(request, person)  # a new key, as every session of the account ended
    elif is_new:
        login(request, person, backend=BACKEND)
        remember_browser(request)
        note("sign_in.done", is_fine=True, means="invitation", **(seen_of(request) | {"user": person.pk}))
    unbind_session(request)  # bound, it would belong to no other workspace, whose invitation it has now
    request.session[CHOSEN] = membership.workspace_id
    return HttpResponseRedirect("/account/password" if is_new or is_reset else "/")


def _signed_in(request: HttpRequest) -> User | None:
    user = request.user
    is_here = isinstance(user, User) and user.is_active and not is_over(request.session)
    return user if is_here and isinstance(user, User) else None


def _page(request: HttpRequest, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    return render(request, TEMPLATE, context, status=status)


@require_POST
def change(request: HttpRequest, invitation_id: int, verb: str) -> HttpResponse:
    """POST: a new link (201), or withdraw the invitation (303)."""
    actor = current_actor(request)
    require(actor, Capability.MEMBERS_WRITE)
    if verb == "renew":
        return show_invitation(request, renew_invitation(actor, invitation_id=invitation_id))
    if verb != "withdraw":
        raise NotFound("There is no such action.")
    withdraw_invitation(actor, invitation_id=invitation_id)
    messages.success(request, "Invitation withdrawn. Its link no longer works.")
    return SeeOther(PAGE)
