"""Schemas of the bundle API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from bundles.limits import MAX_BUNDLE_BYTES
from incidents.timeline.schemas import Body


class BundleIn(Body):
    """A bundle that is about to be sent."""

    bundle_id: uuid.UUID = Field(description="`bundle_id` of its metadata.json; made by the collector.")
    file_name: str = Field("", max_length=200)
    size: int = Field(ge=1, le=2**53, description=f"Bytes; at most {MAX_BUNDLE_BYTES:,}.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of the whole file, in hex.")
    summary: str = Field("", max_length=300, description="Becomes the title of the incident.")
    incident: str = Field("", max_length=60, description="`INC-42`: attach to it instead of opening one.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="metadata.json of the bundle.")
    direct: bool = Field(True, description="false: the client cannot reach the storage; send it to Tocsin.")


class TicketOut(Schema):
    """Send exactly this within 15 minutes. 412 means that it is there already: complete it."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: datetime


class BundleOut(Schema):
    """A bundle."""

    id: str
    incident: str | None
    status: str
    why: str
    summary: str
    file_name: str
    size: int
    sha256: str
    host: str
    os: str
    arch: str
    cli_version: str
    health: str
    partial: bool
    dangerous: bool
    made_at: datetime
    received_at: datetime | None
    expires_at: datetime | None
    uploaded_by: str
    url: str


class AnnouncedOut(BundleOut):
    """A bundle and, while its file is awaited, the ticket."""

    ticket: TicketOut | None = None


class BundleDetailOut(BundleOut):
    """A bundle with what the inspection found."""

    checks: list[dict[str, Any]]
    system: dict[str, Any]
    entries: list[dict[str, Any]]
    hits: list[list[Any]] = Field(description="Path, line and rule of each secret found; never the secret.")


class AttachIn(Body):
    """Another incident."""

    incident: str = Field(max_length=60)


class ReleaseIn(Body):
    """Why it may be read."""

    reason: str = Field(max_length=300)


class LineOut(Schema):
    """One line of a file."""

    number: int
    text: str


class LinesOut(Schema):
    """Lines of a file; `next` is the line to go on from, null at the end."""

    path: str
    lines: list[LineOut]
    next: int | None
