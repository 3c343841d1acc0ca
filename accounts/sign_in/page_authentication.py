"""Actor and workspace of a page request."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.actor import Actor
from accounts.identity.bound_session import bound_workspace, refuse_elsewhere
from accounts.identity.required import require_identity
from accounts.models import Membership, Role, User
from accounts.selectors import membership_of
from accounts.sign_in.second_factor import require_second_factor
from accounts.sign_in.session_expiry import BACKGROUND_PATHS, is_over
from core.errors import Forbidden, NotFound, Unauthenticated
from core.rate_limit.limiter import Limit, rate_limiter

CHOSEN: Final = "workspace_id"
CACHED: Final = "_membership"


def current_actor(request: HttpRequest) -> Actor:
    """Return the session's person as an actor in the chosen workspace, else in their first: one query.

    A bound session has the workspace of its identity provider only.

    Raises Unauthenticated without a session, Forbidden for someone without a workspace.
    """
    return actor_of(current_membership(request), request_id=getattr(request, "request_id", ""))


def current_membership(request: HttpRequest) -> Membership:
    """Return the membership behind `current_actor`, with its workspace loaded; cached for the request."""
    membership: Membership | None = getattr(request, CACHED, None)
    if membership is None:
        membership = _membership(request)
        setattr(request, CACHED, membership)
    return membership


def actor_of(membership: Membership, *, request_id: str = "") -> Actor:
    """Return a member as an actor."""
    return Actor(
        workspace_id=membership.workspace_id,
        kind="user",
        label=membership.user.label,
        user_id=membership.user_id,
        role=Role(membership.role),
        request_id=request_id,
    )


def membership_named(request: HttpRequest, slug: str) -> Membership:
    """Return the membership in a workspace named by the request, if its sign-in requirements are met.

    Raises Unauthenticated, Forbidden; NotFound for one the person is not in.
    """
    user = signed_in(request)
    found = membership_of(user, slug=slug)
    if found is None:
        raise NotFound("There is no such workspace.")
    return _admitted(request, user, found)


def choose_workspace(request: HttpRequest, slug: str) -> None:
    """Choose the workspace of this session.

    Raises Unauthenticated; NotFound for one the person is not in; BoundSession.
    """
    membership = membership_of(signed_in(request), slug=slug)
    if membership is None:
        raise NotFound("There is no such workspace.")
    refuse_elsewhere(request, membership.workspace_id)
    request.session[CHOSEN] = membership.workspace_id


def signed_in(request: HttpRequest) -> User:
    """Return the session's person, whatever their memberships. Raises Unauthenticated."""
    if not isinstance(request.user, User) or not request.user.is_active or is_over(request.session):
        raise Unauthenticated("Sign in first.")
    return request.user


def _membership(request: HttpRequest) -> Membership:
    user = signed_in(request)
    bound = bound_workspace(request)
    chosen = request.session.get(CHOSEN) if bound is None else bound
    found = membership_of(user, workspace_id=chosen) if chosen else None
    if found is None and bound is None:
        found = membership_of(user)
    if found is None:
        refuse_elsewhere(request, None)
        raise Forbidden("You are not a member of any workspace yet. Ask an admin to add you.")
    found.user = user
    _admitted(request, user, found)
    # Limit of one person's pages, separate from the API's. Fetches by open pages are not counted: in a storm
    # of incidents there are many, which must not block acknowledging.
    if not request.path.startswith(BACKGROUND_PATHS):
        rate_limiter().charge(
            Limit(f"page:user:{user.pk}", settings.API_LIMIT_PER_CALLER, 60, "requests a minute")
        )
    timezone.activate(ZoneInfo(user.time_zone))  # until `accounts.people.middleware` ends the request
    return found


def _admitted(request: HttpRequest, user: User, found: Membership) -> Membership:
    """The membership, where the session has what its workspace requires. Raises Forbidden."""
    found.user = user
    refuse_elsewhere(request, found.workspace_id)
    if found.workspace.second_factor_required:
        require_second_factor(user)
    if found.workspace.identity_required:
        require_identity(request, user, found.workspace)
    return found
