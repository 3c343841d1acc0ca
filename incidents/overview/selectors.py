"""Figures of the landing page, in a fixed number of queries.

Drills are excluded from every figure and counted separately. "Today" and the hours are in the workspace's
zone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import (
    Aggregate,
    Avg,
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT
from django.db.models.functions import Least, TruncHour
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.selectors import workspace_of
from core.request_cache import cached_per_request
from core.sql.compiled_queries import compiled
from incidents.models import TimelineEntry
from incidents.overview.health import Burden, Health, health_under
from incidents.privacy.selectors import seen_as
from incidents.vocabulary import UNRESOLVED, EntryKind, Severity, Status

MTTR_DAYS: Final = 30
HOURS: Final = 24
HOUR: Final = timedelta(hours=1)


class Median(Aggregate):
    """Median; between the two middle values if their number is even."""

    function = "percentile_cont"
    template = "percentile_cont(0.5) within group (order by %(expressions)s)"


@dataclass(frozen=True, slots=True)
class Average:
    """Mean and median of `count` durations; both None without any."""

    count: int = 0
    mean: timedelta | None = None
    median: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Standings:
    """Current figures. `worst`: of sev1 and sev2; `overdue`: past their next deadline."""

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
    """The last 24 clock hours, the current one included; in the workspace's zone."""

    zone: str
    hours: tuple[datetime, ...]
    opened: tuple[int, ...]
    resolved: tuple[int, ...]
    active: tuple[int, ...]
    by_severity: Mapping[str, int] = field(default_factory=dict)
    mttd: Average = Average()
    mtta: Average = Average()
    mttr: Average = Average()
    resolved_by_people: int = 0
    resolved_by_tocsin: int = 0


@cached_per_request
def zone_of(actor: Actor) -> ZoneInfo:
    """Return the workspace's time zone: one statement. UTC if its name is unknown here."""
    return zone_named(workspace_of(actor).time_zone)


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone; UTC if its name is unknown here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day of `now` began in a zone."""
    return datetime.combine(now.astimezone(zone).date(), time.min, tzinfo=zone)


def standings(actor: Actor) -> Standings:
    """Return the current figures: three statements. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    now = timezone.now()
    viewer = actor.viewer
    lots, zone = unresolved_groups(actor.workspace_id, viewer), zone_of(actor)
    real = [lot for lot in lots if not lot.is_drill]
    since, today = now - timedelta(days=MTTR_DAYS), midnight(now, zone)
    ended = _resolutions(actor.workspace_id, viewer, min(since, today), since, today) or [(0, 0, None, None)]
    resolved_today, *mttr = ended[0]
    return Standings(
        health=health_under(Burden(lot.severity, lot.is_monitored, lot.number) for lot in real),
        active=sum(lot.number for lot in real),
        drills=sum(lot.number for lot in lots if lot.is_drill),
        waiting=sum(lot.waiting for lot in real),
        overdue=sum(lot.overdue for lot in real),
        worst=sum(lot.number for lot in real if lot.severity in (Severity.SEV1, Severity.SEV2)),
        resolved_today=resolved_today,
        mttr=Average(*mttr),
        zone=zone.key,
    )


class UnresolvedGroup(NamedTuple):
    """A group of similar unresolved incidents."""

    severity: str
    is_drill: bool
    is_monitored: bool
    number: int
    waiting: int
    overdue: int


@cached_per_request
def unresolved_groups(workspace_id: int, viewer: int) -> list[UnresolvedGroup]:
    """Return all unresolved incidents that `viewer` may see, grouped for several parts of a page.

    One statement.
    """
    return [UnresolvedGroup(*row) for row in _unresolved_groups(workspace_id, viewer, timezone.now())]


@compiled(int, int, datetime)
def _unresolved_groups(workspace_id: int, viewer: int, now: datetime) -> Any:
    """Return the fields of `UnresolvedGroup`; uses the partial index `incident_unresolved`."""
    due = Case(
        When(acknowledged_at=None, then="acknowledge_due_at"),
        default=Least("update_due_at", "resolve_due_at"),
    )
    rows = seen_as(workspace_id, viewer).filter(status__in=UNRESOLVED).alias(due=due)
    alike = rows.values("severity", "is_drill", monitored=Q(status=Status.MONITORING))
    lots = alike.annotate(
        n=Count("id"),
        waiting=Count("id", filter=Q(acknowledged_at=None)),
        overdue=Count("id", filter=Q(due__lte=now)),
    )
    return lots.order_by().values_list("severity", "is_drill", "monitored", "n", "waiting", "overdue")


@compiled(int, int, datetime, datetime, datetime)
def _resolutions(workspace_id: int, viewer: int, first: datetime, since: datetime, today: datetime) -> Any:
    """Return today's count, and number, mean and median since then, from the index `incident_resolutions`."""
    in_time = Q(resolved_at__gte=since)
    found = (
        _ended(workspace_id, viewer, first)
        .values("workspace_id")
        .annotate(
            today=Count("resolved_at", filter=Q(resolved_at__gte=today)),
            **_measured("mttr", "detected_at", "resolved_at", in_time),
        )
    )
    return found.values_list("today", *_names("mttr"))


def _found(workspace_id: int, viewer: int, since: datetime) -> QuerySet[Any]:
    """Return those detected since then."""
    return _real(workspace_id, viewer).filter(detected_at__gte=since)


def _ended(workspace_id: int, viewer: int, since: datetime) -> QuerySet[Any]:
    """Return those resolved since then."""
    return _real(workspace_id, viewer).filter(resolved_at__gte=since)


def _real(workspace_id: int, viewer: int) -> QuerySet[Any]:
    real: QuerySet[Any] = seen_as(workspace_id, viewer).filter(is_drill=False)
    return real.order_by()


def last_hours() -> tuple[datetime, ...]:
    """Return the starts of the last 24 clock hours, the current one last; in UTC."""
    current = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return tuple(current - n * HOUR for n in reversed(range(HOURS)))


def last_day(actor: Actor) -> Day:
    """Return the last 24 hours: at most six statements. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    zone, hours = zone_of(actor), last_hours()
    which = actor.workspace_id, actor.viewer, hours[0]
    opened, severities = Counter[datetime](), Counter[str]()
    for hour, severity, count in _opened(*which):
        opened[hour] += count
        severities[severity] += count
    resolved, by_people, by_tocsin = Counter[datetime](), 0, 0
    for hour, count, people, tocsin in _resolved(*which):
        resolved[hour] += count
        by_people += people
        by_tocsin += tocsin
    came, went = (tuple(counts[hour] for hour in hours) for counts in (opened, resolved))
    now = sum(lot.number for lot in unresolved_groups(*which[:2]) if not lot.is_drill)
    return Day(
        zone=zone.key,
        hours=tuple(hour.astimezone(zone) for hour in hours),
        opened=came,
        resolved=went,
        active=_active(now, came, went),
        by_severity={severity: severities[severity] for severity in Severity.values},
        **_averages(*which),
        resolved_by_people=by_people,
        resolved_by_tocsin=by_tocsin,
    )


def _active(now: int, opened: Sequence[int], resolved: Sequence[int]) -> tuple[int, ...]:
    """Return how many were open at the end of each hour, computed backwards from now."""
    counts = [now]
    for came, went in zip(reversed(opened[1:]), reversed(resolved[1:]), strict=True):
        counts.append(max(0, counts[-1] - came + went))
    return tuple(reversed(counts))


@compiled(int, int, datetime)
def _opened(workspace_id: int, viewer: int, since: datetime) -> Any:
    hours = _found(workspace_id, viewer, since).values(hour=TruncHour("detected_at", tzinfo=UTC))
    return hours.annotate(n=Count("id")).values_list("hour", "severity", "n")


@compiled(int, int, datetime)
def _resolved(workspace_id: int, viewer: int, since: datetime) -> Any:
    """Return resolutions by hour, and how many of them were by people and by Tocsin; the rest by senders."""
    ended = _ended(workspace_id, viewer, since).annotate(by=_last_resolution(workspace_id))
    hours = ended.values(hour=TruncHour("resolved_at", tzinfo=UTC))
    people, tocsin = (Count("id", filter=Q(by__startswith=f"{kind}:")) for kind in ("user", "system"))
    return hours.annotate(n=Count("id"), people=people, tocsin=tocsin).values_list(
        "hour", "n", "people", "tocsin"
    )


def _averages(workspace_id: int, viewer: int, since: datetime) -> dict[str, Average]:
    nothing = (0, None, None)
    [found] = _times_of_found(workspace_id, viewer, since) or [nothing * 2]
    [ended] = _times_of_ended(workspace_id, viewer, since) or [nothing]
    return {"mttd": Average(*found[:3]), "mtta": Average(*found[3:]), "mttr": Average(*ended)}


@compiled(int, int, datetime)
def _times_of_found(workspace_id: int, viewer: int, since: datetime) -> Any:
    detected = _measured("mttd", "started_at", "detected_at")
    taken = _measured("mtta", "detected_at", "acknowledged_at")
    times = _found(workspace_id, viewer, since).values("workspace_id").annotate(**detected, **taken)
    return times.values_list(*_names("mttd"), *_names("mtta"))


@compiled(int, int, datetime)
def _times_of_ended(workspace_id: int, viewer: int, since: datetime) -> Any:
    over = _measured("mttr", "detected_at", "resolved_at")
    return (
        _ended(workspace_id, viewer, since)
        .values("workspace_id")
        .annotate(**over)
        .values_list(*_names("mttr"))
    )


def _taken(start: str, end: str) -> Combinable:
    return ExpressionWrapper(F(end) - F(start), output_field=DurationField())


def _measured(name: str, start: str, end: str, only: Q | None = None) -> dict[str, Aggregate]:
    """Return number, mean and median of the time between two points, given as in `_names`."""
    took = _taken(start, end)
    return {
        f"{name}_n": Count(end, filter=only),
        f"{name}_mean": Avg(took, filter=only),
        f"{name}_median": Median(took, filter=only, output_field=DurationField()),
    }


def _names(name: str) -> tuple[str, ...]:
    return (f"{name}_n", f"{name}_mean", f"{name}_median")


def _last_resolution(workspace_id: int) -> Subquery:
    """Return the key of the actor who resolved an incident last: its time may have been corrected since."""
    entries = TimelineEntry.objects.of(workspace_id).filter(
        incident=OuterRef("pk"), kind=EntryKind.RESOLUTION
    )
    return Subquery(entries.order_by("-occurred_at", "-id").values(key=KT("data__by"))[:1])
