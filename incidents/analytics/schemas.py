"""Schemas of the analytics API."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema
from pydantic import Field

from incidents.listing.schemas import Conditions


class FigureOut(Schema):
    """One measure; times in seconds, null without data."""

    count: int = Field(description="Incidents behind the times.")
    mean_seconds: float | None
    median_seconds: float | None
    p90_seconds: float | None
    left_out: dict[str, int] = Field(description="Reason -> incidents without this time.")


class RateOut(Schema):
    """A share: `count` of `of`; `percent` is null without data."""

    count: int
    of: int
    percent: float | None


class GroupOut(Schema):
    """The incidents that share a value."""

    value: str
    show: str = Field(description="Lists them: `GET /analytics/incidents?show=…`.")
    incidents: int
    active: int
    events: int
    mttr: FigureOut


class StepOut(Schema):
    """The incidents detected in one day, week or month."""

    begins: str = Field(description="Its first day, of the workspace's clock.")
    show: str = Field(description="Lists them: `GET /analytics/incidents?show=…`.")
    incidents: int
    mttr: FigureOut


class OverTimeOut(Schema):
    """The period in days, weeks or months; those without incidents are left out."""

    step: str = Field(description="`day`, `week` or `month`.")
    steps: list[StepOut]


class BeforeOut(Schema):
    """The equal period before."""

    total_incidents: int
    measures: dict[str, FigureOut]


class SlaShareOut(Schema):
    """One kind of deadline."""

    kind: str
    met: int = Field(description="Deadlines that were met.")
    breached: int = Field(description="Deadlines that were missed.")
    running: int = Field(description="Deadlines that are still ahead.")
    percent: float | None = Field(description="Met of met and missed; null without data.")


class DetectorOut(Schema):
    """The incidents of one detector."""

    detector: str = Field(description="Such as `rule:error_burst`.")
    incidents: int
    not_acknowledged: int = Field(description="Over without an acknowledgement by a person.")
    false_positives: RateOut


class ResponderOut(Schema):
    """The response load of one person."""

    username: str
    incidents: int = Field(description="Acknowledged, or with a role in them.")
    at_night: int = Field(description="Begun between 22:00 and 07:00 of the person's clock.")
    on_weekends: int = Field(description="Begun on a Saturday or Sunday of the person's clock.")
    seconds_in_roles: float


class BesideOut(Schema):
    """A number of action items."""

    name: str = Field(description="`items_in_time`, `items_late`, `fixes_held`, `fixes_recurred` …")
    count: int
    items_url: str = Field(description="Lists the action items.")


class BehindQuery(Conditions):
    """The filters of analytics, and the number whose incidents to list."""

    show: str = Field(
        "all",
        max_length=200,
        description="`all`, `counted:mtta`, `absent:mtta`, `severity:sev1`, `hour:7-13` …",
    )
    limit: int = Field(100, ge=1, le=500)
    cursor: str = Field("", max_length=9, description="From the Link header of the previous page.")


class BehindOut(Schema):
    """One incident behind a number."""

    incident_id: str
    title: str
    severity: str
    status: str
    started_at: datetime
    detected_at: datetime
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None


class AnalyticsOut(Schema):
    """Counts, response times and groups of a period."""

    since: datetime
    until: datetime
    made_at: datetime = Field(description="When the figures were computed.")
    incidents_url: str = Field(
        description="Lists the incidents behind a number; its `show` goes at the end, such as `counted:mttr`."
    )
    time_zone: str
    total_incidents: int
    active_incidents: int
    resolved_incidents: int
    drills_left_out: int
    total_events: int
    mtbf_seconds: float | None = Field(description="Mean time between failures; null below two incidents.")
    auto_resolved: RateOut = Field(
        description="Resolved by Tocsin after its own action, people having changed nothing but the "
        "acknowledgement, of all resolved."
    )
    auto_resolved_sev3_sev4: RateOut
    false_positives: RateOut = Field(description="Marked as false positives, of those that people reviewed.")
    measures: dict[str, FigureOut]
    trends: dict[str, str] = Field(
        description="Measure -> how its median compares with the period before; empty below five incidents."
    )
    sla: list[SlaShareOut] = Field(description="Deadlines by kind.")
    by_detector: list[DetectorOut]
    by_responder: list[ResponderOut]
    period_before: BeforeOut
    by_severity: list[GroupOut]
    by_type: list[GroupOut]
    by_category: list[GroupOut]
    by_status: list[GroupOut]
    by_month: list[GroupOut]
    by_component: list[GroupOut]
    follow_through: list[BesideOut] = Field(description="Action items due in the period, and fixes.")
    over_time: OverTimeOut = Field(description="By day up to 14 days, by week up to 120, else by month.")
    by_weekday_and_hour: list[list[int]] = Field(description="Monday first; 24 counts a day, local time.")
