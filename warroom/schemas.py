"""Schemas of the war room API."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema
from pydantic import Field


class RoomStepOut(Schema):
    """One setup step of a room."""

    kind: str = Field(description="create, topic, bookmark, card, pin, invite, remove or archive.")
    label: str = Field(description="Whom an invitation or removal is for; empty otherwise.")
    state: str = Field(description="pending, done or dead.")
    code: str = Field(description="Slack's error code; empty without an error.")
    hint: str = Field(description="What a person can do about the error.")


class RoomOut(Schema):
    """The war room of an incident."""

    state: str = Field(description="opening, open, needs_help, archived or lost.")
    name: str = Field(description="The channel's name; empty until it exists.")
    slack_channel_id: str = Field(description="The channel's id; empty until it exists.")
    slack_channel_url: str = Field(description="Address of the channel in Slack.")
    is_private: bool
    created_at: datetime
    steps: list[RoomStepOut]
