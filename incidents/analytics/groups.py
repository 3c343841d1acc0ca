"""Groups incidents by common values and by the time of detection."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDay, TruncMonth, TruncWeek

from incidents.analytics.figures import Figure, figure, times
from incidents.analytics.measures import MAX_GROUPS, MEASURES
from incidents.analytics.models import IncidentMeasure
from incidents.models import AffectedComponent
from incidents.vocabulary import UNRESOLVED, Severity

GROUPS: Final = {"severity": "severity", "type": "incident_type", "category": "category", "status": "status"}
STEPS: Final = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}
MAX_DAYS_BY_DAY, MAX_DAYS_BY_WEEK = 14, 120
_MTTR: Final = MEASURES[-1]


@dataclass(frozen=True, slots=True)
class Group:
    """The incidents that share a value: how many, how many are open, events, and time to resolve."""

    value: str
    count: int
    active: int
    events: int
    mttr: Figure


@dataclass(frozen=True, slots=True)
class Step:
    """Incidents detected in one day, week or month, which begins on `value`, and their time to resolve."""

    value: str
    count: int
    mttr: Figure


def groups_of(
    workspace_id: int, measures: QuerySet[IncidentMeasure], zone: ZoneInfo
) -> dict[str, list[Group]]:
    """Group by severity, type, category, status, month and component: most incidents first.

    Months in order.
    """
    events = _events(measures, zone)
    groups = {
        name: _grouped(measures.values(value=F(column)), events[name]) for name, column in GROUPS.items()
    }
    order = [severity.value for severity in Severity]
    groups["severity"].sort(key=lambda group: order.index(group.value))
    months = measures.values(value=TruncMonth("detected_at", tzinfo=zone))
    groups["month"] = sorted(_grouped(months, events["month"]), key=lambda group: group.value)
    groups["component"] = _by_component(workspace_id, measures)
    return groups


def step_of(length: timedelta) -> str:
    """Return whether a period of that length is shown by day, by week or by month. Pure."""
    if length <= timedelta(days=MAX_DAYS_BY_DAY):
        return "day"
    return "week" if length <= timedelta(days=MAX_DAYS_BY_WEEK) else "month"


def over_time(measures: QuerySet[IncidentMeasure], step: str, zone: ZoneInfo) -> list[Step]:
    """Return incidents by day, week or month in local time, in order.

    Those without incidents are left out.
    """
    begins = STEPS[step]("detected_at", tzinfo=zone)
    rows = measures.values(value=begins).annotate(number=Count("pk"), **times(_MTTR)).order_by("value")
    return [Step(row["value"].date().isoformat(), row["number"], figure(_MTTR, row)) for row in rows]


def weekly(measures: QuerySet[IncidentMeasure], zone: ZoneInfo) -> list[list[int]]:
    """Return incidents by local weekday (Monday first) and hour: seven rows of 24."""
    counts = [[0] * 24 for _ in range(7)]
    found = measures.values(
        day=ExtractIsoWeekDay("detected_at", tzinfo=zone), hour=ExtractHour("detected_at", tzinfo=zone)
    ).annotate(number=Count("pk"))
    for row in found.order_by():
        counts[row["day"] - 1][row["hour"]] = row["number"]
    return counts


def time_between(measures: QuerySet[IncidentMeasure]) -> timedelta | None:
    """Return the mean time between failures; None for fewer than two incidents."""
    rows = list(measures.order_by("started_at", "pk").values_list("started_at", "resolved_at"))
    gaps = []
    for (start, end), (following, _) in pairwise(rows):
        open_for = (min(end, following) if end else following) - start
        gaps.append(following - start - max(open_for, timedelta()))
    return sum(gaps, timedelta()) / len(gaps) if gaps else None


def _grouped(rows: Any, events: Counter[str]) -> list[Group]:
    found = rows.annotate(number=Count("pk"), active=_ACTIVE, **times(_MTTR)).order_by("-number", "value")
    return [
        Group(value, row["number"], row["active"], events[value], figure(_MTTR, row))
        for row in found[:MAX_GROUPS]
        for value in [_value(row["value"])]
    ]


_ACTIVE: Final = Count("pk", filter=Q(status__in=UNRESOLVED))


def _events(measures: QuerySet[IncidentMeasure], zone: ZoneInfo) -> dict[str, Counter[str]]:
    """Count events of every group in one statement, from counters stored with the incidents."""
    found: dict[str, Counter[str]] = {name: Counter() for name in (*GROUPS, "month")}
    rows = measures.values(*GROUPS.values(), month=TruncMonth("detected_at", tzinfo=zone))
    for row in rows.annotate(events=Sum("incident__event_count")).order_by():
        for name in found:
            found[name][_value(row[GROUPS.get(name, "month")])] += row["events"] or 0
    return found


def _value(value: Any) -> str:
    return f"{value:%Y-%m}" if isinstance(value, datetime) else str(value)


def _by_component(workspace_id: int, measures: QuerySet[IncidentMeasure]) -> list[Group]:
    touched = AffectedComponent.objects.of(workspace_id).filter(incident__in=measures.values("pk"))
    rows = touched.values(value=F("component__name")).annotate(
        number=Count("pk"),
        active=Count("pk", filter=Q(incident__status__in=UNRESOLVED)),
        events=Sum("incident__event_count"),
        **times(_MTTR, "incident__measure__"),
    )
    return [
        Group(row["value"], row["number"], row["active"], row["events"] or 0, figure(_MTTR, row))
        for row in rows.order_by("-number", "value")[:MAX_GROUPS]
    ]
