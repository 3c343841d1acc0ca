"""Precomputed figures of the standard periods for workspaces with many incidents.

With few incidents, or if the figures are too old, they are computed on request.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import OperationalError
from django.db.models import JSONField, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone
from pydantic import TypeAdapter

from accounts.actor import NO_ONE, SEES_ALL, Actor
from accounts.models import Workspace
from accounts.permissions import Capability, require
from incidents.analytics.models import IncidentMeasure, PrecomputedFigures
from incidents.analytics.selectors import Analytics, analytics_for, compute
from incidents.listing.filters import IncidentFilter
from incidents.models import InvitedPerson
from incidents.overview.selectors import zone_named, zone_of

log = structlog.get_logger(__name__)
PERIODS: Final[Mapping[str, timedelta]] = {f"{days}d": timedelta(days=days) for days in (7, 30, 90, 365)}
DEFAULT: Final = "30d"
MIN_INCIDENTS: Final = 2_000  # per workspace; fewer are counted fast enough on request
MAX_AGE: Final = timedelta(minutes=15)  # older figures are not shown: the worker may be down
REMADE_AFTER: Final = timedelta(minutes=10)  # recomputed even without a change, as the period moves on
MIN_REST: Final = timedelta(seconds=45)
REST_PER_COST: Final = 20  # pause as a multiple of the computing time: at most 5 % of a worker
# A transaction that began before the figures were computed may be committed after them.
LATE_COMMITS: Final = timedelta(minutes=2)
TIMEOUT_MS: Final = 60_000
_VIEWERS: Final = {PrecomputedFigures.Audience.ALL: SEES_ALL, PrecomputedFigures.Audience.PUBLIC: NO_ONE}
_BODY: Final = TypeAdapter(Analytics)


def figures_for(
    actor: Actor, wanted: IncidentFilter, words: Mapping[str, Sequence[str]], *, now: datetime | None = None
) -> Analytics:
    """Return `analytics_for`, precomputed if the filter is only a standard period.

    `words` are the filter's parameters. Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    now = now or timezone.now()
    period = standard_period(words)
    return (_precomputed(actor, period, now) if period else None) or analytics_for(actor, wanted, now=now)


def standard_period(words: Mapping[str, Sequence[str]]) -> str:
    """Return the standard period if the parameters name one and nothing else, or "". Pure."""
    given = {name: list(values) for name, values in words.items() if values}
    if not given:
        return DEFAULT
    [value, *more] = given.get("since", [""])
    return value if set(given) == {"since"} and not more and value in PERIODS else ""


def refresh_figures(now: datetime) -> int:
    """Compute the figures that are due, of every workspace with many incidents; returns how many."""
    return sum(
        _remake(workspace, period, now)
        for workspace in Workspace.objects.order_by("pk")
        if _has_many(workspace.pk)
        for period in PERIODS
    )


@dataclass(frozen=True, slots=True)
class FiguresVersion:
    """Version of precomputed figures, for cache keys."""

    pk: int
    made_at: datetime


def figures_version(
    actor: Actor, words: Mapping[str, Sequence[str]], *, now: datetime | None = None
) -> FiguresVersion | None:
    """Return the version of the figures `figures_for` would return; None if it computes them.

    Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    period = standard_period(words)
    if not period:
        return None
    found = _readable(actor, period, now or timezone.now()).values_list("pk", "made_at", "zone").first()
    return FiguresVersion(found[0], found[1]) if found and found[2] == zone_of(actor).key else None


def _precomputed(actor: Actor, period: str, now: datetime) -> Analytics | None:
    row = _readable(actor, period, now).first()
    return _BODY.validate_json(row.body) if row and row.zone == zone_of(actor).key else None


def _readable(actor: Actor, period: str, now: datetime) -> QuerySet[Any]:
    rows = PrecomputedFigures.objects.of(actor.workspace_id).filter(period=period, made_at__gt=now - MAX_AGE)
    zone = KeyTextTransform("zone", Cast("body", JSONField()))
    readable: QuerySet[Any] = rows.filter(audience=_audience(actor)).annotate(zone=zone)
    return readable


def _audience(actor: Actor) -> str:
    """Return whose figures the actor may read; "" for people invited to private incidents, who see others."""
    if actor.viewer == SEES_ALL:
        return PrecomputedFigures.Audience.ALL
    invited = InvitedPerson.objects.of(actor.workspace_id).filter(viewer=actor.viewer)
    return "" if invited.exists() else PrecomputedFigures.Audience.PUBLIC


def _has_many(workspace_id: int) -> bool:
    rows = IncidentMeasure.objects.of(workspace_id).values("pk")[:MIN_INCIDENTS]
    return rows.count() == MIN_INCIDENTS


def _remake(workspace: Workspace, period: str, now: datetime) -> int:
    row = PrecomputedFigures.objects.of(workspace.pk).filter(period=period).order_by("made_at").first()
    if row is not None and not _is_due(row, now):
        return 0
    zone, wanted = zone_named(workspace.time_zone), IncidentFilter(since=now - PERIODS[period])
    audiences = list(PrecomputedFigures.Audience)
    has_private = IncidentMeasure.objects.of(workspace.pk).filter(is_private=True).exists()
    for audience in audiences if has_private else audiences[:1]:
        began = time.monotonic()
        try:
            found = compute(workspace.pk, _VIEWERS[audience], wanted, zone, now, TIMEOUT_MS)
        except OperationalError as error:  # a statement timeout of one must not delay the others
            log.warning("analytics.not_made", workspace=workspace.pk, period=period, why=str(error))
            return 0
        took_ms = int((time.monotonic() - began) * 1000)
        for reader in [audience] if has_private else audiences:
            _keep(workspace, period, reader, found, took_ms)
    return len(audiences)


def _keep(workspace: Workspace, period: str, audience: str, found: Analytics, took_ms: int) -> None:
    fields = {"made_at": found.made_at, "took_ms": took_ms, "body": _BODY.dump_json(found).decode()}
    PrecomputedFigures.objects.of(workspace.pk).update_or_create(
        workspace=workspace, period=period, audience=audience, defaults=fields
    )


def _is_due(row: PrecomputedFigures, now: datetime) -> bool:
    age = now - row.made_at
    if age < max(MIN_REST, timedelta(milliseconds=row.took_ms) * REST_PER_COST):
        return False
    changed = IncidentMeasure.objects.of(row.workspace_id).filter(changed_at__gt=row.made_at - LATE_COMMITS)
    return age > REMADE_AFTER or bool(changed.exists())
