"""Figures of the incidents that a filter finds, computed in PostgreSQL from their measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from incidents.analytics.figures import Figure, figures_of
from incidents.analytics.groups import Group, Step, groups_of, over_time, step_of, time_between, weekly
from incidents.analytics.load import Load, load_of
from incidents.analytics.noise import Noise, noise_of
from incidents.analytics.scope import COUNTED, Scope, measures_of
from incidents.analytics.shares import SlaShare, sla_shares
from incidents.listing.filters import IncidentFilter
from incidents.overview.selectors import zone_of
from incidents.recovery.selectors import RecoveryRates, rates_of
from incidents.vocabulary import UNRESOLVED

DEFAULT_PERIOD: Final = timedelta(days=30)
STATEMENT_TIMEOUT_MS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Analytics:
    """Everything the page shows, as of `made_at`.

    `before` has the figures of the equal period before, for comparison; `steps` those of each day, week or
    month, as `step` says.
    """

    since: datetime
    until: datetime
    made_at: datetime
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
    step: str
    steps: Sequence[Step]
    weekly: Sequence[Sequence[int]]
    rates: RecoveryRates
    sla: Sequence[SlaShare]
    noise: Sequence[Noise]
    load: Sequence[Load]


def analytics_for(actor: Actor, wanted: IncidentFilter, *, now: datetime | None = None) -> Analytics:
    """Return figures of the incidents detected in the filter's period, by default 30 days. Raises Forbidden.

    Statements are cancelled after three seconds; the database then raises OperationalError.
    """
    require(actor, Capability.INCIDENTS_READ)
    return compute(actor.workspace_id, actor.viewer, wanted, zone_of(actor), now or timezone.now())


def compute(
    workspace_id: int,
    viewer: int,
    wanted: IncidentFilter,
    zone: ZoneInfo,
    now: datetime,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
) -> Analytics:
    """Return `analytics_for` of the incidents that a viewer sees."""
    since, until = period_of(wanted, now)
    wanted = replace(wanted, since=since, until=until)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', %s, true)", [str(timeout_ms)])
        return _analytics(Scope.of(workspace_id, viewer, wanted, zone, now), viewer, wanted, since, until)


def period_of(wanted: IncidentFilter, now: datetime) -> tuple[datetime, datetime]:
    """Return from (inclusive) and to (exclusive)."""
    until = wanted.until or now
    return wanted.since or until - DEFAULT_PERIOD, until


def scope_of(actor: Actor, wanted: IncidentFilter, *, now: datetime | None = None) -> Scope:
    """Return the incidents that `analytics_for` counts for the same filter. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    now = now or timezone.now()
    since, until = period_of(wanted, now)
    wanted = replace(wanted, since=since, until=until)
    return Scope.of(actor.workspace_id, actor.viewer, wanted, zone_of(actor), now)


def _analytics(
    scope: Scope, viewer: int, wanted: IncidentFilter, since: datetime, until: datetime
) -> Analytics:
    workspace_id, rows, measures, zone = scope.workspace_id, scope.rows, scope.measures, scope.zone
    before = replace(wanted, since=since - (until - since), until=since)
    earlier = measures_of(workspace_id, viewer, before).filter(COUNTED)
    counted = measures.aggregate(total=Count("pk"), active=Count("pk", filter=Q(status__in=UNRESOLVED)))
    step = step_of(until - since)
    return Analytics(
        since=since,
        until=until,
        made_at=scope.now,
        zone=zone.key,
        total=counted["total"],
        active=counted["active"],
        resolved=counted["total"] - counted["active"],
        drills=measures_of(workspace_id, viewer, wanted).filter(is_drill=True).count(),
        events=measures.aggregate(events=Sum("incident__event_count"))["events"] or 0,
        figures=figures_of(measures),
        before=figures_of(earlier),
        before_total=earlier.count(),
        mtbf=time_between(measures),
        groups=groups_of(workspace_id, measures, zone),
        step=step,
        steps=over_time(measures, step, zone),
        weekly=weekly(measures, zone),
        rates=rates_of(rows),
        sla=sla_shares(workspace_id, rows, scope.now),
        noise=noise_of(workspace_id, rows),
        load=load_of(workspace_id, rows, scope.now),
    )
