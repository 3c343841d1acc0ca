"""Figures over the incidents that a filter finds, computed in PostgreSQL from the incidents themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Aggregate, Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncMonth
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from incidents.analytics.drilldown import Scope
from incidents.analytics.load import Load, load_of
from incidents.analytics.measures import INVALID, MAX_GROUPS, MEASURES, MIN_FOR_TREND, Measure
from incidents.analytics.noise import Noise, noise_of
from incidents.analytics.shares import SlaShare, sla_shares
from incidents.listing.filters import IncidentFilter
from incidents.listing.selectors import matching
from incidents.models import AffectedComponent, Incident
from incidents.overview.selectors import zone_of
from incidents.privacy.selectors import seen_by
from incidents.recovery.selectors import RecoveryRates, rates_of
from incidents.vocabulary import UNRESOLVED, Severity

DEFAULT_PERIOD: Final = timedelta(days=30)
Z_90: Final = 1.645  # standard deviations that hold 90 %
STATEMENT_TIMEOUT_MS: Final = 3_000
GROUPS: Final = {"severity": "severity", "type": "incident_type", "category": "category", "status": "status"}


class Percentile(Aggregate):
    """`percentile_cont` of durations: exact, between two values where the place lies between them."""

    allow_distinct = False
    function = "percentile_cont"

    def __init__(self, share: float, expression: Any, **extra: Any) -> None:
        super().__init__(expression, output_field=DurationField(), **extra)
        self.template = f"percentile_cont({share}) within group (order by %(expressions)s)"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure over some incidents. Times are None where `count` is 0; they are never 0 for "no data".

    `low` and `high` hold the true median with 90 % confidence; None below five incidents.
    """

    name: str
    count: int = 0
    mean: timedelta | None = None
    median: timedelta | None = None
    p90: timedelta | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    low: timedelta | None = None
    high: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The incidents that share a value: how many, how many are open, events, and time to resolve."""

    value: str
    count: int
    active: int
    events: int
    mttr: Figure


@dataclass(frozen=True, slots=True)
class Analytics:
    """Everything the page shows. `before` has the figures of the equal period before, for comparison."""

    since: datetime
    until: datetime
    zone: str
    total: int
    active: int
    resolved: int
    drills: int
    events: int
    figures: Sequence[Figure]
    before: Sequence[Figure]
    before_total: int
    mtbf: timedelta | None
    groups: Mapping[str, Sequence[Group]]
    weekly: Sequence[Sequence[int]]
    rates: RecoveryRates
    sla: Sequence[SlaShare]
    noise: Sequence[Noise]
    load: Sequence[Load]


def analytics_for(actor: Actor, wanted: IncidentFilter, *, now: datetime | None = None) -> Analytics:
    """Figures of the incidents detected in the filter's period, by default 30 days. Raises Forbidden.

    Statements that take longer than three seconds are stopped; the database then raises OperationalError.
    """
    require(actor, Capability.INCIDENTS_READ)
    now = now or timezone.now()
    since, until = period_of(wanted, now)
    zone = zone_of(actor)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', %s, true)", [str(STATEMENT_TIMEOUT_MS)])
        return _analytics(actor, replace(wanted, since=since, until=until), since, until, zone, now)


def period_of(wanted: IncidentFilter, now: datetime) -> tuple[datetime, datetime]:
    """From, inclusive, and to, exclusive."""
    until = wanted.until or now
    return wanted.since or until - DEFAULT_PERIOD, until


def scope_of(actor: Actor, wanted: IncidentFilter, *, now: datetime | None = None) -> Scope:
    """The incidents that `analytics_for` counts for the same filter. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    now = now or timezone.now()
    since, until = period_of(wanted, now)
    rows = seen_by(actor).filter(matching(actor.workspace_id, replace(wanted, since=since, until=until)))
    return Scope(actor.workspace_id, rows.filter(is_drill=False, merged_into=None), zone_of(actor), now)


def _analytics(
    actor: Actor, wanted: IncidentFilter, since: datetime, until: datetime, zone: ZoneInfo, now: datetime
) -> Analytics:
    workspace_id, seen = actor.workspace_id, seen_by(actor)
    found = seen.filter(matching(workspace_id, wanted))
    rows = found.filter(is_drill=False, merged_into=None)
    length = until - since
    earlier = seen.filter(
        matching(workspace_id, replace(wanted, since=since - length, until=since)),
        is_drill=False,
        merged_into=None,
    )
    counted = rows.aggregate(
        total=Count("id"),
        active=Count("id", filter=Q(status__in=UNRESOLVED)),
        events=Sum("event_count"),
    )
    return Analytics(
        since=since,
        until=until,
        zone=zone.key,
        total=counted["total"],
        active=counted["active"],
        resolved=counted["total"] - counted["active"],
        drills=found.filter(is_drill=True).count(),
        events=counted["events"] or 0,
        figures=_figures(rows),
        before=_figures(earlier),
        before_total=earlier.count(),
        mtbf=_between(rows),
        groups=_groups(workspace_id, rows, zone),
        weekly=_weekly(rows, zone),
        rates=rates_of(rows),
        sla=sla_shares(workspace_id, rows, now),
        noise=noise_of(workspace_id, rows),
        load=load_of(workspace_id, rows, now),
    )


def _duration(measure: Measure) -> ExpressionWrapper[CombinedExpression]:
    return ExpressionWrapper(F(measure.end) - F(measure.start), output_field=DurationField())


def _recorded(measure: Measure) -> Q:
    return Q(**{f"{measure.end}__gte": F(measure.start)})


def _aggregates(measure: Measure) -> dict[str, Any]:
    value, fits = _duration(measure), _recorded(measure)
    return {
        f"{measure.name}_count": Count("id", filter=fits),
        f"{measure.name}_mean": Avg(value, filter=fits),
        f"{measure.name}_median": Percentile(0.5, value, filter=fits),
        f"{measure.name}_p90": Percentile(0.9, value, filter=fits),
        f"{measure.name}_absent": Count("id", filter=Q(**{f"{measure.end}__isnull": True})),
        f"{measure.name}_invalid": Count("id", filter=Q(**{f"{measure.end}__lt": F(measure.start)})),
    }


def _figures(rows: QuerySet[Incident]) -> list[Figure]:
    wanted = {name: one for measure in MEASURES for name, one in _aggregates(measure).items()}
    found = rows.aggregate(**wanted)
    return _with_bounds(rows, [_figure(measure, found) for measure in MEASURES])


def _with_bounds(rows: QuerySet[Incident], figures: Sequence[Figure]) -> list[Figure]:
    """The figures with the interval of each median: places in the order whose chance is 90 %."""
    wanted: dict[str, Any] = {}
    for measure, one in zip(MEASURES, figures, strict=True):
        if one.count >= MIN_FOR_TREND:
            reach = min(0.5, Z_90 / 2 / one.count**0.5)
            value, fits = _duration(measure), _recorded(measure)
            wanted[f"{one.name}_low"] = Percentile(0.5 - reach, value, filter=fits)
            wanted[f"{one.name}_high"] = Percentile(0.5 + reach, value, filter=fits)
    found = rows.aggregate(**wanted) if wanted else {}
    return [
        replace(one, low=found.get(f"{one.name}_low"), high=found.get(f"{one.name}_high")) for one in figures
    ]


def _figure(measure: Measure, found: Mapping[str, Any]) -> Figure:
    name = measure.name
    absent, invalid = found.get(f"{name}_absent", 0), found.get(f"{name}_invalid", 0)
    left_out = {measure.absent: absent, INVALID: invalid}
    return Figure(
        name=name,
        count=found[f"{name}_count"],
        mean=found[f"{name}_mean"],
        median=found[f"{name}_median"],
        p90=found[f"{name}_p90"],
        left_out={reason: count for reason, count in left_out.items() if count},
    )


def _groups(workspace_id: int, rows: QuerySet[Incident], zone: ZoneInfo) -> dict[str, list[Group]]:
    groups = {name: _grouped(rows.values(value=F(column))) for name, column in GROUPS.items()}
    order = [severity.value for severity in Severity]
    groups["severity"].sort(key=lambda group: order.index(group.value))
    months = rows.values(value=TruncMonth("detected_at", tzinfo=zone))
    groups["month"] = sorted(_grouped(months), key=lambda group: group.value)
    groups["component"] = _by_component(workspace_id, rows)
    return groups


def _grouped(rows: Any) -> list[Group]:
    mttr = MEASURES[-1]
    found = rows.annotate(
        number=Count("id"),
        active=Count("id", filter=Q(status__in=UNRESOLVED)),
        events=Sum("event_count"),
        **_aggregates(mttr),
    ).order_by("-number", "value")[:MAX_GROUPS]
    return [
        Group(_value(row["value"]), row["number"], row["active"], row["events"] or 0, _figure(mttr, row))
        for row in found
    ]


def _value(value: Any) -> str:
    return f"{value:%Y-%m}" if isinstance(value, datetime) else str(value)


def _by_component(workspace_id: int, rows: QuerySet[Incident]) -> list[Group]:
    mttr = MEASURES[-1]
    touched = AffectedComponent.objects.of(workspace_id).filter(incident__in=rows.values("pk"))
    value = ExpressionWrapper(F("incident__resolved_at") - F("incident__detected_at"), DurationField())
    fits = Q(incident__resolved_at__gte=F("incident__detected_at"))
    found = (
        touched.values(value=F("component__name"))
        .annotate(
            number=Count("id"),
            active=Count("id", filter=Q(incident__status__in=UNRESOLVED)),
            events=Sum("incident__event_count"),
            mttr_count=Count("id", filter=fits),
            mttr_mean=Avg(value, filter=fits),
            mttr_median=Percentile(0.5, value, filter=fits),
            mttr_p90=Percentile(0.9, value, filter=fits),
        )
        .order_by("-number", "value")[:MAX_GROUPS]
    )
    return [
        Group(row["value"], row["number"], row["active"], row["events"] or 0, _figure(mttr, row))
        for row in found
    ]


def _between(rows: QuerySet[Incident]) -> timedelta | None:
    """Mean time between failures; None for fewer than two incidents."""
    times = list(rows.order_by("started_at", "id").values_list("started_at", "resolved_at"))
    gaps = []
    for (start, end), (following, _) in pairwise(times):
        open_for = (min(end, following) if end else following) - start
        gaps.append(following - start - max(open_for, timedelta()))
    return sum(gaps, timedelta()) / len(gaps) if gaps else None


def _weekly(rows: QuerySet[Incident], zone: ZoneInfo) -> list[list[int]]:
    """Incidents by local weekday (Monday first) and hour: seven rows of 24."""
    counts = [[0] * 24 for _ in range(7)]
    found = rows.values(
        day=ExtractIsoWeekDay("detected_at", tzinfo=zone), hour=ExtractHour("detected_at", tzinfo=zone)
    ).annotate(number=Count("id"))
    for row in found.order_by():
        counts[row["day"] - 1][row["hour"]] = row["number"]
    return counts


def trend(now: Figure, before: Figure) -> str:
    """How the median compares with the period before, as words; empty below five incidents in either.

    A difference is named only where the intervals of the two medians do not meet.
    """
    if min(now.count, before.count) < MIN_FOR_TREND or not now.median or not before.median:
        return ""
    if _overlap(now, before):
        return f"no clear change from the period before (n={before.count})"
    change = round(100 * (now.median / before.median - 1))
    if not change:
        return "unchanged"
    return (
        f"{abs(change)} % {'longer' if change > 0 else 'shorter'} than the period before (n={before.count})"
    )


def _overlap(now: Figure, before: Figure) -> bool:
    if now.low is None or now.high is None or before.low is None or before.high is None:
        return False
    return now.low <= before.high and before.low <= now.high
