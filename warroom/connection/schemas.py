"""Schemas of the API of Slack connections."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import Field

from incidents.timeline.schemas import Body
from warroom.connection.services.settings import MAX_ARCHIVE_DAYS

Secret = Annotated[str, Field(max_length=500, description="Stored encrypted and never shown.")]
Channel = Annotated[
    str,
    Field(
        max_length=80,
        description="Where incidents are announced, except drills and private ones: `#incidents` or an id.",
    ),
]
OpensRooms = Annotated[bool, Field(description="Whether each SEV1 and SEV2 gets its own channel.")]
ArchiveDays = Annotated[
    int, Field(ge=1, le=MAX_ARCHIVE_DAYS, description="Days from closing until the channel is archived.")
]
Moment = datetime | None


class SlackTeamIn(Body):
    """A new connection; check it afterwards."""

    bot_token: Secret
    signing_secret: Secret = ""
    app_token: Secret = ""
    announce_channel: Channel = ""
    opens_rooms: OpensRooms = True
    archive_days: ArchiveDays = 7


class SlackTeamPatch(Body):
    """Fields to change; omitted ones, secrets included, stay as they are."""

    bot_token: Secret | None = None
    signing_secret: Secret | None = None
    app_token: Secret | None = None
    clears_app_token: bool | None = Field(None, description="Whether the app-level token is removed.")
    announce_channel: Channel | None = None
    opens_rooms: OpensRooms | None = None
    archive_days: ArchiveDays | None = None


class SlackTeamOut(Schema):
    """A connection, without secrets."""

    id: int
    is_default: bool = Field(description="Whether the channels of new incidents are opened in it.")
    slack_id: str = Field(description="Slack's id of the team; empty until checked.")
    name: str
    url: str = Field(description="Address of the team in Slack; empty until checked.")
    state: str = Field(description="`unchecked`, `ok`, `degraded` or `revoked`.")
    reason: str = Field(description="Why it is `degraded` or `revoked`.")
    scopes: list[str] = Field(description="Scopes of the bot token.")
    announce_channel: str = Field(description="The announcement channel; empty: none.")
    opens_rooms: OpensRooms
    archive_days: ArchiveDays
    has_bot_token: bool = Field(description="Whether a bot token is stored.")
    has_signing_secret: bool = Field(description="Whether a signing secret is stored.")
    has_app_token: bool = Field(
        description="Whether an app-level token is stored, so that Socket Mode is used."
    )
    checked_at: Moment = Field(description="When the token was last checked; null: never.")
    last_accepted_at: Moment = Field(description="When Slack last sent a request that was accepted.")
    last_refused_at: Moment = Field(description="When a request was last refused.")
    last_refused_why: str = Field(description="Why it was refused.")
    socket_seen_at: Moment = Field(description="When Socket Mode last worked; null: never.")
    socket_fault: str = Field(description="Why Socket Mode does not work; empty if it works or is not used.")


class SlackPersonIn(Body):
    """A member and their Slack id."""

    username: str = Field(min_length=1, max_length=150, description="User name of a member.")
    slack_id: str = Field(min_length=1, max_length=32, description="Slack's member id, such as `U012AB3CD`.")


class SlackPersonOut(Schema):
    """A member linked to a Slack user."""

    id: int
    username: str
    slack_id: str = Field(description="Slack's member id.")
    how: str = Field(description="`email`: by a verified address; `link`: themselves; `admin`.")
    linked_at: datetime = Field(description="When they were linked.")


class SlackManifestOut(Schema):
    """The manifest to paste into Slack."""

    manifest: dict[str, Any] = Field(description="The app manifest for this installation.")
