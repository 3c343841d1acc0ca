"""Component queries: health, dependencies, last 90 days.

The worst come first, then by tier and name with keyset pagination. Health is computed by
`incidents.overview.health`.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.request_cache import cached_per_request
from core.sql.compiled_queries import compiled
from core.sql.expressions import among
from incidents.components.filters import ComponentFilter
from incidents.listing.keyset import Page
from incidents.models import AffectedComponent, Component
from incidents.overview.health import HEALTHY, Burden, Health, Standing, health_under
from incidents.overview.selectors import zone_of
from incidents.privacy.selectors import is_seen, seen_by, seen_with
from incidents.validation import invalid
from incidents.vocabulary import UNRESOLVED, Status

MAX_PAGE: Final = 200
MAX_AFFECTED: Final = 500
SHOWN: Final = 8
DAYS: Final = 90
_BY_TIER: Final = ("tier", "name")


@dataclass(frozen=True, slots=True)
class Load:
    """Effect of open incidents on one component. `last_event_at`: their newest event."""

    health: Health = HEALTHY
    open_count: int = 0
    last_event_at: datetime | None = None


NO_LOAD: Final = Load()


@dataclass(frozen=True, slots=True)
class ComponentState:
    """A component with its current health."""

    component: Component
    load: Load = NO_LOAD

    @property
    def last_event_at(self) -> datetime | None:
        """Return when the newest event of its incidents arrived, as far as that was loaded."""
        known = (self.load.last_event_at, getattr(self.component, "newest_event_at", None))
        return max((at for at in known if at), default=None)


def _loads(workspace_id: int, viewer: int, components: Iterable[int] | None = None) -> dict[int, Load]:
    """Return the load of those components, or all, that an open incident affects. Drills are not counted."""
    held: defaultdict[int, list[tuple[Burden, datetime | None]]] = defaultdict(list)
    which = workspace_id, viewer
    lots = _burdens(*which) if components is None else _burdens_on(*which, list(components))
    for component, impact, severity, is_monitored, count, last in lots:
        held[component].append((Burden(severity, is_monitored, count, impact), last))
    return {pk: _load(of) for pk, of in held.items()}


@cached_per_request
def loads_of_all(workspace_id: int, viewer: int) -> Mapping[int, Load]:
    """Return the load of every component that a visible open incident affects: one statement."""
    return _loads(workspace_id, viewer)


@compiled(int, int)
def _burdens(workspace_id: int, viewer: int) -> Any:
    return _lots(_weighing(workspace_id, viewer))


@compiled(int, int, list)
def _burdens_on(workspace_id: int, viewer: int, components: list[int]) -> Any:
    return _lots(_weighing(workspace_id, viewer).filter(among("component_id", components)))


def _weighing(workspace_id: int, viewer: int) -> QuerySet[Any]:
    touched: QuerySet[Any] = AffectedComponent.objects.of(workspace_id).filter(
        is_seen(workspace_id, viewer, "incident"),
        incident__workspace_id=workspace_id,
        incident__status__in=UNRESOLVED,
        incident__is_drill=False,
        restored_at=None,
    )
    return touched


def _lots(touched: QuerySet[Any]) -> Any:
    monitored = Q(incident__status=Status.MONITORING)
    alike = touched.values("component_id", "impact", "incident__severity", monitored=monitored)
    lots = alike.annotate(n=Count("id"), last=Max("incident__last_event_at")).order_by()
    return lots.values_list("component_id", "impact", "incident__severity", "monitored", "n", "last")


def _load(lots: Sequence[tuple[Burden, datetime | None]]) -> Load:
    burdens = [burden for burden, _ in lots]
    newest = max((last for _, last in lots if last), default=None)
    return Load(health_under(burdens), sum(burden.count for burden in burdens), newest)


def worst_components(actor: Actor) -> list[ComponentState]:
    """Return eight components: affected ones first, worst first, then the most important ones.

    Three statements. Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    held = loads_of_all(actor.workspace_id, actor.viewer)
    worst = _worst(held)
    troubled = _by_health(_with_ids(actor.workspace_id, worst) if worst else [], held)[:SHOWN]
    seen = {state.component.pk for state in troubled}
    if len(troubled) == SHOWN:
        return troubled
    # Affected components may be among the first by tier as well.
    calm = [one for one in _first_by_tier(actor.workspace_id) if one.pk not in seen]
    return [*troubled, *(ComponentState(one) for one in calm[: SHOWN - len(troubled)])]


@compiled(int, list)
def _with_ids(workspace_id: int, ids: list[int]) -> QuerySet[Component]:
    return Component.objects.of(workspace_id).select_related("owner").filter(among("pk", ids))


@compiled(int)
def _first_by_tier(workspace_id: int) -> QuerySet[Component]:
    in_use = Component.objects.of(workspace_id).filter(archived_at=None)
    return in_use.select_related("owner").order_by(*_BY_TIER)[: 2 * SHOWN]


def _all(actor: Actor) -> QuerySet[Any]:
    components: QuerySet[Any] = Component.objects.of(actor.workspace_id).select_related("owner")
    return components


def _with_events(actor: Actor, components: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate `newest_event_at`, that of the newest incident; uses the index `affected_by_component`."""
    touched = AffectedComponent.objects.of(actor.workspace_id).filter(
        seen_with(actor), component=OuterRef("pk")
    )
    newest = touched.order_by("-incident_id").values("incident__last_event_at")
    read: QuerySet[Any] = components.annotate(newest_event_at=Subquery(newest[:1]))
    return read


def _affected_first(components: QuerySet[Any], held: Mapping[int, Load]) -> list[ComponentState]:
    """Return those of `components` that open incidents affect, worst first."""
    return _by_health(components.filter(pk__in=_worst(held)), held)


def _worst(held: Mapping[int, Load]) -> list[int]:
    return sorted(held, key=lambda pk: held[pk].health)[:MAX_AFFECTED]


def _by_health(components: Iterable[Component], held: Mapping[int, Load]) -> list[ComponentState]:
    states = [ComponentState(one, held[one.pk]) for one in components]
    return sorted(states, key=lambda s: (s.load.health, s.component.tier, s.component.name))


def components_page(
    actor: Actor, wanted: ComponentFilter | None = None, *, cursor: str | None = None, limit: int = 50
) -> Page[ComponentState]:
    """Return components with owners: affected ones first, then by tier and name.

    At most 500 affected ones, all on the first page.

    Three statements. Raises Forbidden, Invalid (cursor).
    """
    require(actor, Capability.INCIDENTS_READ)
    wanted, limit = wanted or ComponentFilter(), max(1, min(limit, MAX_PAGE))
    held = _loads(actor.workspace_id, actor.viewer)
    matching = _matching(actor, wanted)
    ill = [pk for pk, load in held.items() if load.open_count]
    first = [] if cursor else _chosen(_affected_first(matching, held), wanted.standing)
    rest, more = _rest(matching.exclude(pk__in=ill), wanted, cursor, max(1, limit - len(first)))
    return Page([*first, *(ComponentState(one) for one in rest)], more)


def _matching(actor: Actor, wanted: ComponentFilter) -> QuerySet[Any]:
    rows = _with_events(actor, _all(actor))
    if wanted.search:
        rows = rows.filter(name__icontains=wanted.search)
    if wanted.tier is not None:
        rows = rows.filter(tier=wanted.tier)
    return rows.filter(archived_at__isnull=False) if wanted.is_archived else rows


def _chosen(states: list[ComponentState], standing: Standing | None) -> list[ComponentState]:
    return [s for s in states if standing is None or s.load.health.standing == standing]


def _rest(
    rows: QuerySet[Any], wanted: ComponentFilter, cursor: str | None, limit: int
) -> tuple[list[Component], str | None]:
    if wanted.standing not in (None, Standing.HEALTHY):
        return [], None
    if not wanted.is_archived:
        rows = rows.filter(archived_at=None)
    if cursor:
        tier, name = _decode(cursor)
        rows = rows.filter(tier__gte=tier).filter(Q(tier__gt=tier) | Q(name__gt=name))
    found = list(rows.order_by(*_BY_TIER)[: limit + 1])
    return found[:limit], _encode(found[limit - 1]) if len(found) > limit else None


def _encode(last: Component) -> str:
    return base64.urlsafe_b64encode(f"{last.tier} {last.name}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[int, str]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        tier, sign, name = text.partition(" ")
        if not (sign and tier.isascii() and tier.isdigit() and len(tier) < 6) or "\0" in name:
            raise ValueError("unknown component")
        return int(tier), name
    except (ValueError, binascii.Error) as error:
        raise invalid("cursor", "cursor", "must be a cursor returned by this list") from error


@cached_per_request
def component_for(actor: Actor, *, pk: int | None = None, name: str = "") -> Component:
    """Return one component with its owner, by id or else by its exact name. Raises NotFound, Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    which: dict[str, Any] = {"name": name.replace("\0", "")} if pk is None else {"pk": pk}
    found: Component | None = _with_events(actor, _all(actor)).filter(**which).first()
    if found is None:
        raise NotFound("There is no such component in this workspace.")
    return found


@cached_per_request
def state_of(actor: Actor, component: Component) -> ComponentState:
    """Return the current state of one component: one statement. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return ComponentState(
        component, _loads(actor.workspace_id, actor.viewer, [component.pk]).get(component.pk, NO_LOAD)
    )


def neighbours(actor: Actor, component: Component) -> tuple[list[ComponentState], list[ComponentState]]:
    """Return its dependencies and its dependents, each by name: three statements. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    needs = _needs(actor.workspace_id, component.pk)
    needed_by = _needed_by(actor.workspace_id, component.pk)
    held = _loads(actor.workspace_id, actor.viewer, [one.pk for one in (*needs, *needed_by)])

    def states(components: list[Component]) -> list[ComponentState]:
        return [ComponentState(one, held.get(one.pk, NO_LOAD)) for one in components]

    return states(needs), states(needed_by)


@compiled(int, int)
def _needs(workspace_id: int, component_id: int) -> QuerySet[Component]:
    found: QuerySet[Component] = Component.objects.of(workspace_id).filter(dependents=component_id)
    return found.select_related("owner").order_by("name")[:MAX_PAGE]


@compiled(int, int)
def _needed_by(workspace_id: int, component_id: int) -> QuerySet[Component]:
    found: QuerySet[Component] = Component.objects.of(workspace_id).filter(depends_on=component_id)
    return found.select_related("owner").order_by("name")[:MAX_PAGE]


def daily_incidents(actor: Actor, component: Component, *, days: int = DAYS) -> list[tuple[date, int]]:
    """Count incidents that affected it on each of the last days in the workspace's zone, excluding drills.

    Two statements. Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    zone = zone_of(actor)
    today = timezone.now().astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    counts = _per_day(actor, component, first, zone)
    return [(day, counts.get(day, 0)) for day in (first + timedelta(days=n) for n in range(days))]


def _per_day(actor: Actor, component: Component, first: date, zone: ZoneInfo) -> dict[date, int]:
    touched = AffectedComponent.objects.of(actor.workspace_id).filter(component=component)
    since = datetime.combine(first, time.min, tzinfo=zone)
    incidents = seen_by(actor).filter(is_drill=False, detected_at__gte=since)
    rows = incidents.filter(pk__in=touched.values("incident_id"))
    return dict(rows.values_list(TruncDate("detected_at", tzinfo=zone)).annotate(n=Count("id")).order_by())
