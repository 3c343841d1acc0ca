"""Schemas of the rules and events API."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Schema
from pydantic import Field


class RuleOut(Schema):
    rule_id: str = Field(examples=["error_burst"])
    name: str
    description: str
    incident_type: str
    severity: str
    event_types: list[str]
    minimum_level: str
    sources: list[str]
    message_pattern: str
    group_by: str
    error_threshold: int
    time_window_seconds: int
    check_interval_seconds: int
    require_consecutive: bool
    min_components_affected: int
    cooldown_seconds: int
    enabled: bool
    dry_run: bool
    is_builtin: bool
    version: int


# Integers are converted to strings; null counts as missing.
_Name = Annotated[str, Field(max_length=200)] | int


class EventIn(Schema):
    """One event. Other fields are stored under `metadata`."""

    source: _Name = Field(description="The source; also `service`.", examples=["my-service"])
    level: str | None = Field(
        "info", description="debug … fatal, or high, sev2, p1 …; also `severity`.", examples=["ERROR"]
    )
    message: Annotated[str, Field(max_length=8192)] | None = Field("", examples=["Something went wrong"])
    event_id: _Name | None = Field("", description="For idempotency: stored once.")
    timestamp: str | float | None = Field(
        None, description="ISO 8601 or seconds since 1970; also `occurred_at`."
    )
    event_type: _Name | None = Field("", description="Also `type`.")
    correlation_id: _Name | None = Field("")
    metadata: dict[str, Any] | None = {}


class EventsIn(Schema):
    """A batch of 1 to 1,000 events, 1 MB at most; a bare array and a single event are accepted too."""

    events: list[EventIn] = Field(min_length=1, max_length=1000)


class EventFault(Schema):
    position: int
    field: str
    rule: str
    message: str


class EventsOut(Schema):
    """Result of storing events. `event_id` is set for a single event."""

    accepted: int
    duplicates: int
    refused: int
    errors: list[EventFault]
    event_id: str | None = None
