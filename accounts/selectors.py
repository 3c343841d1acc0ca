"""Queries for people, sessions, API tokens and workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import Case, Q, QuerySet, When

from accounts.actor import Actor
from accounts.models import ApiToken, Invitation, Membership, Session, User, Workspace
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.sql.compiled_queries import compiled


def members_of(actor: Actor) -> Sequence[Membership]:
    """Return the members of the workspace with their users, by user name: one query. Raises Forbidden."""
    require(actor, Capability.MEMBERS_READ)
    return _members(actor.workspace_id)


@compiled(int)
def _members(workspace_id: int) -> QuerySet[Membership]:
    members: QuerySet[Membership] = Membership.objects.of(workspace_id).select_related("user")
    return members.order_by("user__username")[:2000]


def member_named(actor: Actor, username: str) -> Membership | None:
    """Return one member by user name, or None. Raises Forbidden."""
    require(actor, Capability.MEMBERS_READ)
    members = Membership.objects.of(actor.workspace_id).select_related("user")
    found: Membership | None = members.filter(user__username=username.lower()[:150]).first()
    return found


def members_named(actor: Actor, text: str, *, limit: int) -> Sequence[Membership]:
    """Return members whose name, handle or address contains `text`, best first. Raises Forbidden."""
    require(actor, Capability.MEMBERS_READ)
    names = ("user__display_name", "user__username", "user__email")
    holds = reduce(or_, (Q(**{f"{name}__icontains": text}) for name in names))
    starts = reduce(or_, (Q(**{f"{name}__istartswith": text}) for name in names))
    members = Membership.objects.of(actor.workspace_id).filter(holds).select_related("user")
    first = Case(When(starts, then=0), default=1)
    return list(members.order_by(first, "user__username")[:limit])


def open_invitations(actor: Actor) -> Sequence[Invitation]:
    """Return open invitations, newest first. Raises Forbidden."""
    require(actor, Capability.MEMBERS_WRITE)
    rows = Invitation.objects.of(actor.workspace_id).filter(accepted_at=None, withdrawn_at=None)
    return list(rows.order_by("-created_at", "-id")[:500])


def membership_of(
    user: User, *, slug: str | None = None, workspace_id: int | None = None
) -> Membership | None:
    """Return the person's membership in the named workspace, without a name in their first, or None."""
    if slug is not None:
        found = list(_memberships(user.pk).filter(workspace__slug=slug)[:1])
    elif workspace_id is not None:
        found = _membership_in(user.pk, workspace_id)
    else:
        found = _first_membership(user.pk)
    for one in found:
        one.user = user
    return found[0] if found else None


def _memberships(user_id: int) -> QuerySet[Membership]:
    return User(pk=user_id).memberships.select_related("workspace").order_by("id")


@compiled(int)
def _first_membership(user_id: int) -> QuerySet[Membership]:
    return _memberships(user_id)[:1]


@compiled(int, int)
def _membership_in(user_id: int, workspace_id: int) -> QuerySet[Membership]:
    return _memberships(user_id).filter(workspace_id=workspace_id)


def workspaces_of(actor: Actor) -> Sequence[Workspace]:
    """Return the workspaces of a signed-in person, by name; for machines only their own."""
    if actor.user_id is None:
        return _workspace(actor.workspace_id)
    return _workspaces(actor.user_id)


def memberships_of(user: User) -> Sequence[Membership]:
    """Return the person's memberships with their workspaces, by workspace name: one query."""
    return list(_memberships(user.pk).order_by("workspace__name", "id")[:200])


@compiled(int)
def _workspaces(user_id: int) -> QuerySet[Workspace]:
    return Workspace.objects.filter(memberships__user_id=user_id).order_by("name", "id")


@compiled(int)
def _workspace(workspace_id: int) -> QuerySet[Workspace]:
    return Workspace.objects.filter(pk=workspace_id)


def tokens_of(actor: Actor) -> Sequence[ApiToken]:
    """Return the workspace's tokens, newest first, including revoked ones. Raises Forbidden."""
    require(actor, Capability.TOKENS_WRITE)
    tokens = ApiToken.objects.of(actor.workspace_id).select_related("created_by", "replaces", "user")
    return list(tokens.order_by("-created_at", "-id")[:1000])


def token_for(actor: Actor, token_id: int) -> ApiToken:
    """Return one token. Raises Forbidden, NotFound."""
    require(actor, Capability.TOKENS_WRITE)
    found: ApiToken | None = ApiToken.objects.of(actor.workspace_id).filter(pk=token_id).first()
    if found is None:
        raise NotFound("There is no such token in this workspace.")
    return found


def sessions_of(user: User, *, now: datetime) -> Sequence[Session]:
    """Return the person's live sessions, last used first, at most 100: one query."""
    idle = now - timedelta(seconds=settings.SESSION_IDLE_S)
    live = user.sessions.filter(expire_date__gt=now, seen_at__gt=idle)
    return list(live.order_by("-seen_at")[:100])


def workspace_of(actor: Actor) -> Workspace:
    """Return the workspace the actor acts in: one query."""
    [found] = _workspace(actor.workspace_id)
    return found


def username_of(actor: Actor) -> str | None:
    """Return the handle of the person behind the actor; None for machines."""
    if actor.user_id is None:
        return None
    return User.objects.filter(pk=actor.user_id).values_list("username", flat=True).first()
