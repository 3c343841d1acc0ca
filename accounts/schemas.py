"""Request and response schemas of the accounts API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field

from accounts.models import Role, Scope

Name = Annotated[str, Field(min_length=1, max_length=120)]
EARLIEST: Final = datetime(1, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9998, 12, 31, tzinfo=UTC)  # leaves room for adding durations


def in_utc(moment: datetime) -> datetime:
    """Convert to UTC, for years 1 to 9998: PostgreSQL accepts no offset beyond 16 hours. Naive: in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return min(aware.astimezone(UTC), LATEST)
    except OverflowError:
        return EARLIEST if moment.year == 1 else LATEST


# A time of a request; without a zone it is in UTC.
Moment = Annotated[datetime, AfterValidator(in_utc)]


class Body(Schema):
    """Base of request bodies; unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")


class WorkspaceOut(Schema):
    """A workspace."""

    slug: str
    name: str
    time_zone: str


class MeOut(Schema):
    """The caller, the workspace and the caller's permissions."""

    kind: str = Field(description="`user`, `token` or `local`")
    label: str
    username: str | None
    role: Role | None
    scopes: list[str]
    capabilities: list[str]
    workspace: WorkspaceOut


class MemberOut(Schema):
    """One member."""

    username: str
    display_name: str
    email: str
    role: Role
    since: datetime


class InviteIn(Body):
    """Whom to invite, and their role; the user name defaults to the part before the @."""

    email: Annotated[str, Field(max_length=254, json_schema_extra={"format": "email"})]
    role: Role = Role.RESPONDER
    username: Annotated[str, Field(max_length=120)] = ""
    display_name: Annotated[str, Field(max_length=120)] = ""


class InvitationOut(Schema):
    """An invitation that was neither accepted nor withdrawn."""

    id: int
    email: str
    role: Role
    username: str = Field(description="The user name a new account gets, or one like it.")
    display_name: str
    created_at: datetime
    expires_at: datetime


class InvitedOut(InvitationOut):
    """A new invitation with its link, which is shown once."""

    sign_in_url: str


class WorkspaceIn(Body):
    """A new workspace; without `slug` one is made from the name."""

    name: Name
    slug: Annotated[str, Field(max_length=60)] = ""
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"


class RoleIn(Body):
    """New role of a member."""

    role: Role


class TokenIn(Body):
    """A new token; without `expires_at` (with a time zone) it never expires."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=10)]
    expires_at: datetime | None = None


class RotateIn(Body):
    """How long the old token still works beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 0


class TokenOut(Schema):
    """A token without its text."""

    id: int
    name: str
    prefix: str = Field(description="`tcs_<prefix>_…`")
    scopes: list[str]
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class IssuedOut(TokenOut):
    """A token with its text, which is returned only once."""

    token: str


class AuditOut(Schema):
    """One change by one actor."""

    id: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    object_type: str
    object_id: str
    summary: str
    changes: dict[str, Any]
    request_id: str
