"""Reading the figures of the landing page. Each is a handful of statements, however many incidents there are.

Drills are left out of every figure and told apart. "Today" and the hours are those of the workspace's zone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import (
    Aggregate,
    Avg,
    Case,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Least, TruncHour
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.selectors import workspace_of
from core.once import once_per_page
from incidents.health import Burden, Health, health_under
from incidents.models import Incident, TimelineEntry
from incidents.vocabulary import UNRESOLVED, EntryKind, Severity, Status

MTTR_DAYS: Final = 30
HOURS: Final = 24
HOUR: Final = timedelta(hours=1)


class Median(Aggregate):
    """The value in the middle; between the two middle ones where there is none."""

    function = "percentile_cont"
    template = "percentile_cont(0.5) within group (order by %(expressions)s)"


@dataclass(frozen=True, slots=True)
class Average:
    """Mean and median of `count` durations; both None without any, so that nothing is divided by zero."""

    count: int = 0
    mean: timedelta | None = None
    median: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Standings:
    """How things are now. `worst`: of sev1 and sev2; `overdue`: past their next deadline."""

    health: Health
    active: int
    drills: int
    waiting: int
    overdue: int
    worst: int
    resolved_today: int
    mttr: Average
    zone: str


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours by the clock, the current one included; the hours in the workspace's zone."""

    zone: str
    hours: tuple[datetime, ...]
    opened: tuple[int, ...]
    resolved: tuple[int, ...]
    active: tuple[int, ...]
    by_severity: Mapping[str, int] = field(default_factory=dict)
    mttd: Average = Average()
    mtta: Average = Average()
    mttr: Average = Average()
    resolved_by_itself: int = 0


@once_per_page
def zone_of(actor: Actor) -> ZoneInfo:
    """The workspace's time zone: one statement. UTC where its name means nothing here."""
    try:
        return ZoneInfo(workspace_of(actor).time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """When the day of `now` began in a zone."""
    return datetime.combine(now.astimezone(zone).date(), time.min, tzinfo=zone)


def standings(actor: Actor) -> Standings:
    """How things are now: three statements. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    now = timezone.now()
    lots, zone = list(_open_lots(actor.workspace_id, now)), zone_of(actor)
    real = [lot for lot in lots if not lot["is_drill"]]
    ended = _resolutions(actor, since=now - timedelta(days=MTTR_DAYS), today=midnight(now, zone))

    def count(name: str = "n") -> int:
        return sum(lot[name] for lot in real)

    return Standings(
        health=health_under(Burden(lot["severity"], lot["is_monitored"], lot["n"]) for lot in real),
        active=count(),
        drills=sum(lot["n"] for lot in lots) - count(),
        waiting=count("waiting"),
        overdue=count("overdue"),
        worst=sum(lot["n"] for lot in real if lot["severity"] in (Severity.SEV1, Severity.SEV2)),
        resolved_today=ended["today"],
        mttr=Average(ended["n"], ended["mean"], ended["median"]),
        zone=zone.key,
    )


def _open_lots(workspace_id: int, now: datetime) -> QuerySet[Any, dict[str, Any]]:
    """The unresolved in lots of one severity; served by the partial index `incident_unresolved`."""
    due = Case(
        When(acknowledged_at=None, then="acknowledge_due_at"),
        default=Least("update_due_at", "resolve_due_at"),
    )
    unresolved: QuerySet[Any] = Incident.objects.of(workspace_id).filter(status__in=UNRESOLVED)
    lots: QuerySet[Any, dict[str, Any]] = (
        unresolved.alias(due=due)
        .values("severity", "is_drill", is_monitored=Q(status=Status.MONITORING))
        .annotate(
            n=Count("id"),
            waiting=Count("id", filter=Q(acknowledged_at=None)),
            overdue=Count("id", filter=Q(due__lte=now)),
        )
    )
    return lots


def _resolutions(actor: Actor, *, since: datetime, today: datetime) -> dict[str, Any]:
    """What was resolved since then, read from the index `incident_resolutions` alone."""
    took = _taken("detected_at", "resolved_at")
    ended = _real(actor).filter(resolved_at__gte=min(since, today))
    in_time = Q(resolved_at__gte=since)
    return ended.aggregate(
        today=Count("resolved_at", filter=Q(resolved_at__gte=today)),
        n=Count("resolved_at", filter=in_time),
        mean=Avg(took, filter=in_time),
        median=Median(took, filter=in_time, output_field=DurationField()),
    )


def _real(actor: Actor) -> QuerySet[Any]:
    real: QuerySet[Any] = Incident.objects.of(actor.workspace_id).filter(is_drill=False)
    return real


def _taken(start: str, end: str) -> Combinable:
    return ExpressionWrapper(F(end) - F(start), output_field=DurationField())


def last_hours() -> tuple[datetime, ...]:
    """When each of the last 24 hours by the clock began, the current one last; in UTC."""
    current = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return tuple(current - n * HOUR for n in reversed(range(HOURS)))


def last_day(actor: Actor) -> Day:
    """The last 24 hours: six statements. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    zone, hours = zone_of(actor), last_hours()
    first = hours[0]
    found, ended = _real(actor).filter(detected_at__gte=first), _real(actor).filter(resolved_at__gte=first)
    opened, resolved = _per_hour(found, "detected_at", hours), _per_hour(ended, "resolved_at", hours)
    severities = Counter(dict(found.values_list("severity").annotate(n=Count("id"))))
    return Day(
        zone=zone.key,
        hours=tuple(hour.astimezone(zone) for hour in hours),
        opened=opened,
        resolved=resolved,
        active=_active(_real(actor).filter(status__in=UNRESOLVED).count(), opened, resolved),
        by_severity={severity: severities[severity] for severity in Severity.values},
        **_averages(found, ended),
        resolved_by_itself=ended.filter(Exists(_by_tocsin(actor))).count(),
    )


def _per_hour(rows: QuerySet[Any], moment: str, hours: Sequence[datetime]) -> tuple[int, ...]:
    counts = dict(rows.values_list(TruncHour(moment, tzinfo=UTC)).annotate(n=Count("id")))
    return tuple(counts.get(hour, 0) for hour in hours)


def _active(now: int, opened: Sequence[int], resolved: Sequence[int]) -> tuple[int, ...]:
    """How many were open at the end of each hour, told backwards from now."""
    counts = [now]
    for came, went in zip(reversed(opened[1:]), reversed(resolved[1:]), strict=True):
        counts.append(max(0, counts[-1] - came + went))
    return tuple(reversed(counts))


def _averages(found: QuerySet[Any], ended: QuerySet[Any]) -> dict[str, Average]:
    detected = _measured("mttd", "started_at", "detected_at")
    taken = _measured("mtta", "detected_at", "acknowledged_at")
    over = _measured("mttr", "detected_at", "resolved_at")
    both = found.aggregate(**detected, **taken) | ended.aggregate(**over)
    return {
        name: Average(both[f"{name}_n"], both[f"{name}_mean"], both[f"{name}_median"])
        for name in ("mttd", "mtta", "mttr")
    }


def _measured(name: str, start: str, end: str) -> dict[str, Aggregate]:
    took = _taken(start, end)
    return {
        f"{name}_n": Count(end),
        f"{name}_mean": Avg(took),
        f"{name}_median": Median(took, output_field=DurationField()),
    }


def _by_tocsin(actor: Actor) -> QuerySet[Any]:
    """The entry that says that no person resolved it."""
    entries: QuerySet[Any] = TimelineEntry.objects.of(actor.workspace_id).filter(
        incident=OuterRef("pk"), kind=EntryKind.RESOLUTION, data__by__startswith="system:"
    )
    return entries.filter(occurred_at=OuterRef("resolved_at"))
