"""Reading people, tokens, workspaces and the audit log."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actor import Actor
from accounts.models import ApiToken, AuditEntry, Membership, User, Workspace
from accounts.permissions import Capability, require
from accounts.texts import invalid

LARGEST_PAGE = 200


def members_of(actor: Actor) -> Sequence[Membership]:
    """Everybody in the workspace with their user, by user name: one query. Raises Forbidden."""
    require(actor, Capability.MEMBERS_READ)
    return list(
        Membership.objects.of(actor.workspace_id).select_related("user").order_by("user__username")[:2000]
    )


def member_named(actor: Actor, username: str) -> Membership | None:
    """One member by user name, or None. Raises Forbidden."""
    require(actor, Capability.MEMBERS_READ)
    members = Membership.objects.of(actor.workspace_id).select_related("user")
    found: Membership | None = members.filter(user__username=username.lower()[:150]).first()
    return found


def membership_of(
    user: User, *, slug: str | None = None, workspace_id: int | None = None
) -> Membership | None:
    """The person's membership in the named workspace, or in their first without a name; None without any."""
    mine = user.memberships.select_related("workspace").order_by("id")
    if slug is not None:
        mine = mine.filter(workspace__slug=slug)
    if workspace_id is not None:
        mine = mine.filter(workspace_id=workspace_id)
    return mine.first()


def workspaces_of(actor: Actor) -> Sequence[Workspace]:
    """The workspaces a signed-in person belongs to, by name; for machines just their own."""
    if actor.user_id is None:
        return list(Workspace.objects.filter(pk=actor.workspace_id))
    return list(Workspace.objects.filter(memberships__user_id=actor.user_id).order_by("name", "id"))


def tokens_of(actor: Actor) -> Sequence[ApiToken]:
    """The workspace's tokens, newest first, revoked ones too. Raises Forbidden."""
    require(actor, Capability.TOKENS_WRITE)
    tokens = ApiToken.objects.of(actor.workspace_id).select_related("created_by")
    return list(tokens.order_by("-created_at", "-id")[:1000])


def audit_page(
    actor: Actor, *, before: str | None = None, limit: int = 50
) -> tuple[Sequence[AuditEntry], str | None]:
    """Up to `limit` (1 to 200) entries, newest first, and the next cursor. Raises Forbidden, Invalid."""
    require(actor, Capability.AUDIT_READ)
    rows = AuditEntry.objects.of(actor.workspace_id)
    if before:
        rows = rows.filter(pk__lt=_cursor(before))
    limit = max(1, min(limit, LARGEST_PAGE))
    found = list(rows.order_by("-id")[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid("cursor", "cursor", "must be a cursor this list gave out")
    return int(text)


def workspace_of(actor: Actor) -> Workspace:
    """The workspace the actor acts in: one query."""
    return Workspace.objects.get(pk=actor.workspace_id)


def username_of(actor: Actor) -> str | None:
    """The handle of the person behind the actor; None for machines."""
    if actor.user_id is None:
        return None
    return User.objects.filter(pk=actor.user_id).values_list("username", flat=True).first()
