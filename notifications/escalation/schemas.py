"""Schemas of the escalation policy API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field

from accounts.schemas import Body, Name


class TargetIn(Body):
    """Whom a step pages: a person, who is on call, a role, or a channel."""

    kind: Literal["user", "on_call", "role", "channel"]
    user_id: Annotated[int, Field(ge=0, le=2**62)] | None = None
    schedule_id: (
        Annotated[int, Field(ge=0, le=2**62, description="null: the schedule of the incident")] | None
    ) = None
    channel_id: Annotated[int, Field(ge=0, le=2**62)] | None = None
    role: Literal["", "commander", "tech_lead", "comms_lead", "manager", "admin"] = ""


class StepIn(Body):
    """One step, and the seconds until the next."""

    wait_s: Annotated[int, Field(ge=0, le=86_400)]
    targets: Annotated[list[TargetIn], Field(max_length=20)] = []


class PolicyIn(Body):
    """A policy; an empty list matches everything. `version`: the one you read."""

    name: Name
    severities: Annotated[list[str], Field(max_length=4)] = []
    types: Annotated[list[str], Field(max_length=20)] = []
    components: Annotated[list[str], Field(max_length=100)] = []
    repeat: Annotated[int, Field(ge=0, le=5, description="Further rounds.")] = 0
    is_enabled: bool = True
    steps: Annotated[list[StepIn], Field(min_length=1, max_length=20)]
    version: int | None = None


class PreviewOut(Schema):
    """One line of the timetable."""

    minute: str
    round: int
    step: int
    targets: str


class PolicyOut(Schema):
    """A policy with its timetable; `flags` lists its problems."""

    id: int
    name: str
    severities: list[str]
    types: list[str]
    components: list[str]
    repeat: int
    is_enabled: bool
    version: int
    steps: list[StepIn]
    preview: list[PreviewOut]
    flags: list[str]


class EscalationOut(Schema):
    """The escalation of an incident."""

    policy: str
    phase: str
    generation: int
    round: int
    step: int
    due_at: datetime
    holder: str | None
    reaches_no_one: bool
    place: str
    last_page: str
    last_page_at: datetime | None
    next_targets: list[str]


class EscalateIn(Body):
    """The next step seen by the caller, so that one request never pages two levels."""

    place: Annotated[str, Field(max_length=60)] = ""
