"""SLA report: number of met and breached targets, by severity and period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek

from accounts.actor import Actor
from accounts.models import Workspace
from accounts.permissions import Capability, require
from incidents.listing.filters import parse_filter
from incidents.models import Incident, SlaClock
from incidents.privacy.selectors import seen_with
from incidents.validation import invalid
from incidents.vocabulary import Severity

OUTCOMES: Final = ("met", "breached", "running")
PERIODS: Final = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}
DEFAULT_SPAN: Final = timedelta(days=90)
MAX_SPAN: Final = {
    "day": timedelta(days=366),
    "week": timedelta(days=5 * 366),
    "month": timedelta(days=20 * 366),
}
MAX_BEHIND: Final = 500  # incidents listed for one number
Kind, Phase = SlaClock.Kind, SlaClock.Phase


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """Filter: detected from `since` until before `until`; `severities` empty: all."""

    since: datetime
    until: datetime
    period: str
    severities: frozenset[Severity]


@dataclass(frozen=True, slots=True)
class SlaFigures:
    """One kind of target of one severity in one period. `misses` counts every missed deadline.

    `share` is met of met and breached, in percent; None while neither is known.
    """

    period: date
    severity: str
    kind: str
    met: int
    breached: int
    running: int
    misses: int

    @property
    def share(self) -> float | None:
        """Return the percentage met, with one decimal."""
        known = self.met + self.breached
        return round(100 * self.met / known, 1) if known else None


def parse_report(given: Mapping[str, Any], now: datetime) -> ReportQuery:
    """Parse `since`, `until`, `severity`, `period`. Raises Invalid naming the parameter."""
    wanted = parse_filter(given, now=now)
    period = str(given.get("period") or "week")
    if period not in PERIODS:
        raise invalid("period", "choice", f"must be one of {', '.join(PERIODS)}")
    until = wanted.until or now
    since = wanted.since or until - DEFAULT_SPAN
    if since >= until:
        raise invalid("since", "order", "must be before until")
    if until - since > MAX_SPAN[period]:
        raise invalid("since", "range", f"must be within {MAX_SPAN[period].days} days by {period}")
    return ReportQuery(since, until, period, wanted.severities)


def sla_report(actor: Actor, wanted: ReportQuery, now: datetime) -> list[SlaFigures]:
    """Return one row per period, severity and kind of target, newest period first, without drills.

    A clock that stopped before its deadline without being met (resolved without acknowledgement) is not
    counted. Periods are days of the workspace's time zone. Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    counts = (
        _clocks(actor, wanted, now)
        .values("period", "incident__severity", "kind", "outcome")
        .annotate(count=Count("pk"), misses=Sum("breaches"))
        .order_by()
    )
    found: dict[tuple[date, str, str], dict[str, int]] = {}
    for row in counts:
        key = (row["period"].date(), row["incident__severity"], row["kind"])
        figures = found.setdefault(key, dict.fromkeys((*OUTCOMES, "stopped", "misses"), 0))
        figures[row["outcome"]] += row["count"]
        figures["misses"] += max(row["misses"], row["count"] if row["outcome"] == "breached" else 0)
    order = {kind.value: at for at, kind in enumerate(Kind)}
    keys = sorted(found, key=lambda key: (-key[0].toordinal(), key[1], order[key[2]]))
    return [SlaFigures(*key, *(found[key][name] for name in _NUMBERS)) for key in keys]


def totals_of(rows: Iterable[SlaFigures], since: date) -> list[SlaFigures]:
    """Return the same figures over all periods, by severity and kind."""
    found: dict[tuple[str, str], list[SlaFigures]] = {}
    for row in rows:
        found.setdefault((row.severity, row.kind), []).append(row)
    order = {kind.value: at for at, kind in enumerate(Kind)}
    return [
        SlaFigures(since, *key, *(sum(getattr(one, name) for one in found[key]) for name in _NUMBERS))
        for key in sorted(found, key=lambda key: (key[0], order[key[1]]))
    ]


_NUMBERS: Final = ("met", "breached", "running", "misses")


def incidents_behind(
    actor: Actor, wanted: ReportQuery, now: datetime, *, kind: str, outcome: str, start: date | None
) -> list[Incident]:
    """Return the incidents of one number, newest first, at most 500; `start` names a period.

    Raises Invalid (field `kind` or `outcome`), Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    if kind not in Kind.values:
        raise invalid("kind", "choice", f"must be one of {', '.join(Kind.values)}")
    if outcome not in OUTCOMES:
        raise invalid("outcome", "choice", f"must be one of {', '.join(OUTCOMES)}")
    clocks = _clocks(actor, wanted, now).filter(kind=kind, outcome=outcome)
    if start is not None:
        at = datetime(start.year, start.month, start.day, tzinfo=_zone(actor))
        clocks = clocks.filter(period=at)
    rows = clocks.select_related("incident").order_by("-incident__detected_at", "-incident_id")
    return [clock.incident for clock in rows[:MAX_BEHIND]]


def _zone(actor: Actor) -> ZoneInfo:
    return ZoneInfo(Workspace.objects.values_list("time_zone", flat=True).get(pk=actor.workspace_id))


def _clocks(actor: Actor, wanted: ReportQuery, now: datetime) -> QuerySet[Any]:
    """Return clocks with their period and outcome."""
    rows = SlaClock.objects.of(actor.workspace_id).filter(
        seen_with(actor),
        incident__is_drill=False,
        incident__merged_into=None,
        incident__detected_at__gte=wanted.since,
        incident__detected_at__lt=wanted.until,
    )
    if wanted.severities:
        rows = rows.filter(incident__severity__in=wanted.severities)
    annotated: QuerySet[Any] = rows.annotate(
        period=PERIODS[wanted.period]("incident__detected_at", tzinfo=_zone(actor)), outcome=outcome_of(now)
    )
    return annotated


def outcome_of(now: datetime) -> Case:
    """Return the outcome of a clock.

    A late action is a breach even if none was recorded while Tocsin was down.
    """
    late = Q(breaches__gt=0) | Q(phase__in=[Phase.RUNNING, Phase.WARNED], deadline__lte=now)
    late |= Q(phase=Phase.BREACHED)
    late |= Q(kind=Kind.ACKNOWLEDGE, incident__acknowledged_at__gt=F("deadline"))
    late |= Q(kind=Kind.RESOLVE, incident__resolved_at__gt=F("deadline"))
    met = Q(phase=Phase.MET) | Q(kind=Kind.UPDATE, phase=Phase.STOPPED)
    return Case(
        When(late, then=Value("breached")),
        When(met, then=Value("met")),
        When(phase__in=[Phase.RUNNING, Phase.WARNED], then=Value("running")),
        default=Value("stopped"),
        output_field=CharField(),
    )
