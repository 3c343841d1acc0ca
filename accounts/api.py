"""API of members, API tokens and the audit trail."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.audit.selectors import audit_page
from accounts.models import ApiToken, AuditEntry, Invitation, Membership, Workspace
from accounts.people.services.invitations import invite_member, withdraw_invitation
from accounts.people.services.members import change_role, remove_member
from accounts.permissions import Capability, allowed
from accounts.schemas import (
    AuditOut,
    InvitationOut,
    InvitedOut,
    InviteIn,
    IssuedOut,
    MemberOut,
    MeOut,
    RoleIn,
    RotateIn,
    TokenIn,
    TokenOut,
)
from accounts.selectors import (
    members_of,
    open_invitations,
    tokens_of,
    username_of,
    workspace_of,
)
from accounts.tokens.api_authentication import actor_in
from accounts.tokens.services import issue_token, revoke_token, rotate_token
from core.http.link_pagination import known_only, link_pages

router = Router(tags=["Accounts"])
AUDITED: Final = (
    "id", "at", "actor_kind", "action", "object_type", "object_id", "summary", "changes", "request_id",
)  # fmt: skip


class Member(Schema):
    """A member by user name."""

    username: str = Field(max_length=150)


class OpenInvitation(Schema):
    """An invitation by id."""

    invitation_id: int = Field(ge=1, le=2**63 - 1)


class Token(Schema):
    """A token by id."""

    token_id: int = Field(ge=1, le=2**63 - 1)


class AuditQuery(Schema):
    """Paginated by cursor: the next one is in the `Link` header."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", max_length=200)


def workspace_shown(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace as the API shows it."""
    return {"slug": workspace.slug, "name": workspace.name, "time_zone": workspace.time_zone}


def _member(membership: Membership) -> dict[str, Any]:
    user = membership.user
    return {
        "username": user.username,
        "display_name": user.display_name,
        "email": user.email,
        "role": membership.role,
        "since": membership.created_at,
    }


def _invitation(invitation: Invitation) -> dict[str, Any]:
    shown = ("id", "email", "role", "username", "display_name", "created_at", "expires_at")
    return {name: getattr(invitation, name) for name in shown}


def _token(token: ApiToken) -> dict[str, Any]:
    shown = ("id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    by = token.created_by
    return {name: getattr(token, name) for name in shown} | {"created_by": by.username if by else None}


def _audit(entry: AuditEntry) -> dict[str, Any]:
    shown = (
        "id",
        "at",
        "actor_kind",
        "action",
        "object_type",
        "object_id",
        "summary",
        "changes",
        "request_id",
    )
    return {name: getattr(entry, name) for name in shown} | {"actor": entry.actor_label}


@router.get("/me", response=MeOut, summary="Who am I")
def me(request: HttpRequest) -> Any:
    """Return the caller, the workspace and the caller's permissions there."""
    known_only(request, ())
    actor = actor_in(request)
    return {
        "kind": actor.kind,
        "label": actor.label,
        "username": username_of(actor),
        "role": actor.role,
        "scopes": sorted(actor.scopes),
        "capabilities": [capability.value for capability in Capability if allowed(actor, capability)],
        "workspace": workspace_shown(workspace_of(actor)),
    }


@router.get("/members", response=list[MemberOut], summary="List members")
def list_members(request: HttpRequest) -> Any:
    """List the members of the workspace by user name."""
    known_only(request, ())
    return [_member(membership) for membership in members_of(actor_in(request))]


@router.post("/members", response={201: InvitedOut}, summary="Invite a member")
def invite(request: HttpRequest, body: InviteIn) -> Any:
    """Invite a person, who becomes a member by accepting with the link, which works once within seven days.

    The response is the same whether or not the address has an account. An earlier invitation of the same
    address ends.
    """
    invited = invite_member(actor_in(request), **body.model_dump())
    url = f"{settings.BASE_URL}/sign-in/invitation/{invited.secret}"
    return Status(201, _invitation(invited.invitation) | {"sign_in_url": url})


@router.get("/invitations", response=list[InvitationOut], summary="List open invitations")
def list_invitations(request: HttpRequest) -> Any:
    """List open invitations, newest first; links are never included."""
    known_only(request, ())
    return [_invitation(invitation) for invitation in open_invitations(actor_in(request))]


@router.delete("/invitations/{invitation_id}", response={204: None}, summary="Withdraw an invitation")
def delete_invitation(request: HttpRequest, where: Path[OpenInvitation]) -> Any:
    """Withdraw an invitation. Its link stops working."""
    withdraw_invitation(actor_in(request), invitation_id=where.invitation_id)
    return Status(204, None)


@router.patch("/members/{username}", response=MemberOut, summary="Change a member's role")
def patch_member(request: HttpRequest, where: Path[Member], body: RoleIn) -> Any:
    """Change a member's role. The last admin cannot be changed."""
    return _member(change_role(actor_in(request), username=where.username, role=body.role))


@router.delete("/members/{username}", response={204: None}, summary="Remove a member")
def delete_member(request: HttpRequest, where: Path[Member]) -> Any:
    """Remove a member. The account stays; the last admin cannot be removed."""
    remove_member(actor_in(request), username=where.username)
    return Status(204, None)


@router.get("/tokens", response=list[TokenOut], summary="List tokens")
def list_tokens(request: HttpRequest) -> Any:
    """List tokens, newest first, including revoked ones; their text is never included."""
    known_only(request, ())
    return [_token(token) for token in tokens_of(actor_in(request))]


@router.post("/tokens", response={201: IssuedOut}, summary="Issue a token")
def issue(request: HttpRequest, body: TokenIn) -> Any:
    """Issue a token. Its text is returned only in this response."""
    issued = issue_token(actor_in(request), name=body.name, scopes=body.scopes, expires_at=body.expires_at)
    return Status(201, _token(issued.row) | {"token": issued.text})


@router.post("/tokens/{token_id}/rotate", response={201: IssuedOut}, summary="Rotate a token")
def rotate(request: HttpRequest, where: Path[Token], body: RotateIn | None = None) -> Any:
    """Issue a token of the same name, scopes and expiry; the old one ends now, or `overlap_hours` later.

    409 for a personal token: its person signs in again.
    """
    overlap = body.overlap_hours if body else 0
    issued = rotate_token(actor_in(request), token_id=where.token_id, overlap_hours=overlap)
    return Status(201, _token(issued.row) | {"token": issued.text})


@router.delete("/tokens/{token_id}", response=TokenOut, summary="Revoke a token")
def revoke(request: HttpRequest, where: Path[Token]) -> Any:
    """Revoke a token. It is refused from now on, in every process within a second."""
    return _token(revoke_token(actor_in(request), token_id=where.token_id))


@router.get("/audit", response=list[AuditOut], summary="Read the audit trail")
def list_audit(request: HttpRequest, response: HttpResponse, query: Query[AuditQuery]) -> Any:
    """List audit entries, newest first; the next page is in the `Link` header."""
    known_only(request, ("limit", "cursor"))
    entries, following = audit_page(actor_in(request), before=query.cursor or None, limit=query.limit)
    link_pages(request, response, following)
    return [_audit(entry) for entry in entries]
