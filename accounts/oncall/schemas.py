"""Request and response schemas of the on-call API."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from ninja import Schema
from pydantic import Field

from accounts.oncall.models import OnCallRotation
from accounts.schemas import Body, Moment, Name

Weekday = Annotated[int, Field(ge=0, le=6, description="0 is Monday")]
Handle = Annotated[str, Field(min_length=1, max_length=150)]


class ScheduleIn(Body):
    """A schedule: its name and the time zone of its hand-offs."""

    name: Name
    time_zone: Annotated[str, Field(max_length=64, description="IANA name")] = "UTC"


class SchedulePatchIn(Body):
    """Changes of a schedule; `version` is the one you read."""

    name: Name | None = None
    time_zone: Annotated[str, Field(max_length=64)] | None = None
    version: int | None = None
    is_default: Annotated[bool, Field(description="true makes it the default of the workspace")] | None = None


class RotationIn(Body):
    """One layer: people in the order of their turns. Times of day are local to the schedule."""

    participants: Annotated[list[Handle], Field(min_length=1, max_length=100)]
    unit: OnCallRotation.Unit = OnCallRotation.Unit.WEEK
    length: Annotated[int, Field(ge=1, le=28)] = 1
    handoff_weekday: Weekday = 0
    handoff_time: time = time(9)
    active_from: time | None = None
    active_to: time | None = None
    active_weekdays: Annotated[list[Weekday], Field(max_length=7)] = []
    starts_on: date
    ends_on: date | None = None


class RotationOut(Schema):
    """One layer of a schedule."""

    layer: int
    participants: list[str]
    unit: str
    length: int
    handoff_weekday: int
    handoff_time: time
    active_from: time | None
    active_to: time | None
    active_weekdays: list[int]
    starts_on: date
    ends_on: date | None


class OverrideIn(Body):
    """Person and time of an override, which covers every layer."""

    username: Handle
    starts_at: Moment
    ends_at: Moment
    reason: Annotated[str, Field(max_length=200)] = ""


class OverrideOut(Schema):
    """An override."""

    id: int
    username: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    swap_of: int | None


class SwapIn(Body):
    """Two coming shifts of one schedule that exchange their people."""

    shift_id: int
    other_shift_id: int
    reason: Annotated[str, Field(max_length=200)] = ""


class ShiftOut(Schema):
    """One person on call for one time."""

    id: int
    schedule_id: int
    schedule: str
    username: str
    starts_at: datetime
    ends_at: datetime


class GapOut(Schema):
    """A time in which no one is on call."""

    starts_at: datetime
    ends_at: datetime


class ScheduleOut(Schema):
    """A schedule. `problem` says why the last import of its calendar failed."""

    id: int
    name: str
    time_zone: str
    source: str
    is_default: bool
    version: int
    fetched_at: datetime | None
    failing_since: datetime | None
    problem: str
    unmatched: list[str]


class ScheduleNowOut(ScheduleOut):
    """A schedule with who is on call now and next, and the gaps of the next 14 days."""

    now: list[ShiftOut]
    next: ShiftOut | None
    gaps: list[GapOut]


class ScheduleDetailOut(ScheduleOut):
    """A schedule with its layers and overrides."""

    rotations: list[RotationOut]
    overrides: list[OverrideOut]


class CalendarIn(Body):
    """An iCalendar to import: its URL, or its text."""

    url: Annotated[str, Field(max_length=2000)] = ""
    text: Annotated[str, Field(max_length=524_288)] = ""


class FeedIn(Body):
    """A new calendar feed. everybody: for the whole workspace (managers only)."""

    name: Name = "Calendar"
    kinds: Annotated[list[str], Field(min_length=1, max_length=20)] = ["shifts"]
    everybody: bool = False


class FeedOut(Schema):
    """A calendar feed without its secret."""

    id: int
    name: str
    prefix: str
    kinds: list[str]
    everybody: bool
    created_at: datetime
    last_read_at: datetime | None
    last_agent: str


class IssuedFeedOut(FeedOut):
    """A calendar feed with its address, which is shown once."""

    url: str
