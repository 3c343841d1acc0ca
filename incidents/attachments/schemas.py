"""Schemas of attachments."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema
from pydantic import Field


class AttachmentOut(Schema):
    """One picture of an incident."""

    id: int
    name: str
    content_type: str = Field(description="What the content is: image/png, image/jpeg, image/gif, image/webp")
    size: int = Field(description="Bytes as stored, without metadata")
    width: int
    height: int
    sha256: str
    path: str = Field(description="Where a signed-in member sees it")
    markdown: str = Field(description="What shows it in a note or a postmortem")
    uploaded_by: str
    uploaded_at: datetime
