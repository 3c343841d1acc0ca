"""Queries for incidents and their timelines."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.request_cache import cached_per_request
from core.sql.compiled_queries import compiled
from incidents.listing.filters import IncidentFilter, parse_filter
from incidents.listing.keyset import Page, decode_cursor, page_of
from incidents.listing.ordering import parse_order
from incidents.listing.selectors import MAX_PAGE, detailed, held_roles, incidents_page, matching
from incidents.merging.family import family_of
from incidents.models import (
    AffectedComponent,
    Component,
    Incident,
    IncidentSignal,
    RoleAssignment,
    TimelineEntry,
)
from incidents.privacy.selectors import seen_as, seen_by
from incidents.reference import parse_reference, reference
from incidents.validation import MAX_SIGNALS
from incidents.vocabulary import UNRESOLVED, EntryKind

__all__ = [
    "IncidentFilter", "Page", "affected_components", "component_names",
    "incident_by_id", "incident_for",
    "incidents_page", "open_incidents_for", "parse_filter", "resolution_text", "roles_of", "timeline_of",
    "timeline_page",
]  # fmt: skip

OPEN_LIMIT = 50
TIMELINE_PAGE_SIZE: Final = 50
MAX_NAMES: Final = 300  # in a picker
MINE_FIRST: Final = ("-is_mine", "-weight", "-detected_at", "-id")


def incident_by_id(workspace_id: int, incident_id: int) -> Incident:
    """Return one incident with details, without a permission check. Raises NotFound."""
    found = _with_id(workspace_id, incident_id)
    if not found:
        raise NotFound("There is no such incident in this workspace.")
    return found[0]


@compiled(int, int)
def _with_id(workspace_id: int, incident_id: int) -> QuerySet[Incident]:
    return detailed(workspace_id).filter(pk=incident_id)


def incident_for(actor: Actor, number: int | str) -> Incident:
    """Return one incident by number or reference ("INC-42"), with details.

    Raises NotFound, Forbidden, Invalid.
    """
    require(actor, Capability.INCIDENTS_READ)
    return _numbered(actor.workspace_id, actor.viewer, parse_reference(number))


@cached_per_request
def _numbered(workspace_id: int, viewer: int, number: int) -> Incident:
    found = _with_number(workspace_id, viewer, number)
    if not found:
        raise NotFound(f"There is no {reference(number)} in this workspace.")
    return found[0]


@compiled(int, int, int)
def _with_number(workspace_id: int, viewer: int, number: int) -> QuerySet[Incident]:
    return detailed(workspace_id, viewer).filter(number=number)


def _after(field: str, at: datetime, pk: int) -> Q:
    # The first condition is where the index starts; the second breaks ties.
    return Q(**{f"{field}__lte": at}) & (Q(**{f"{field}__lt": at}) | Q(id__lt=pk))


def open_incidents_for(
    actor: Actor,
    wanted: IncidentFilter | None = None,
    *,
    sort: str = "",
    only_mine: bool = False,
) -> list[Incident]:
    """Return fifty unresolved ones: the actor's own first, then by severity, then newest, unless sorted.

    The actor's own are those in which they hold a role. Raises Forbidden, and Invalid for an unknown order.
    """
    require(actor, Capability.INCIDENTS_READ)
    if wanted in (None, IncidentFilter()) and not (sort or only_mine):
        return _first_open(actor.workspace_id, actor.viewer, actor.user_id or 0)
    rows = detailed(actor.workspace_id, actor.viewer)
    found = _open(rows, actor.workspace_id, actor.user_id or 0, wanted or IncidentFilter())
    columns = parse_order(sort).columns() if sort else MINE_FIRST
    return list((found.filter(is_mine=True) if only_mine else found).order_by(*columns)[:OPEN_LIMIT])


@compiled(int, int, int)
def _first_open(workspace_id: int, viewer: int, user_id: int) -> QuerySet[Incident]:
    found = _open(detailed(workspace_id, viewer), workspace_id, user_id, IncidentFilter())
    return found.order_by(*MINE_FIRST)[:OPEN_LIMIT]


def count_open(actor: Actor, wanted: IncidentFilter | None = None) -> dict[str, int]:
    """Count unresolved ones: `all`, and `mine` among them. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    whose = actor.workspace_id, actor.viewer, actor.user_id or 0
    every = IncidentFilter()
    found = _counted(*whose) if wanted in (None, every) else list(_counts(*whose, wanted or every))
    return dict(zip(("all", "mine"), found[0] if found else (0, 0), strict=True))


def _counts(workspace_id: int, viewer: int, user_id: int, wanted: IncidentFilter) -> Any:
    found = _open(seen_as(workspace_id, viewer), workspace_id, user_id, wanted)
    counts = (
        found.order_by().values("workspace_id").annotate(n=Count("id"), m=Count("id", filter=Q(is_mine=True)))
    )
    return counts.values_list("n", "m")


@compiled(int, int, int)
def _counted(workspace_id: int, viewer: int, user_id: int) -> Any:
    return _counts(workspace_id, viewer, user_id, IncidentFilter())


def _open(rows: QuerySet[Any], workspace_id: int, user_id: int, wanted: IncidentFilter) -> QuerySet[Any]:
    mine = Exists(held_roles(workspace_id).filter(incident=OuterRef("pk"), user_id=user_id))
    tests = matching(workspace_id, wanted) & Q(status__in=UNRESOLVED)
    found: QuerySet[Any] = rows.filter(tests).annotate(is_mine=mine)
    return found


def timeline_page(
    actor: Actor,
    number: int | str,
    *,
    kinds: Iterable[EntryKind] = (),
    without: Iterable[EntryKind] = (),
    cursor: str | None = None,
    limit: int = TIMELINE_PAGE_SIZE,
) -> Page[TimelineEntry]:
    """Return a timeline, newest first: `kinds`, or all but `without`.

    Raises NotFound, Forbidden, Invalid (cursor).
    """
    require(actor, Capability.INCIDENTS_READ)
    incident = _id_of(actor, parse_reference(number))
    return timeline_of(actor, incident, kinds=kinds, without=without, cursor=cursor, limit=limit)


def timeline_of(
    actor: Actor,
    incident: int,
    *,
    kinds: Iterable[EntryKind] = (),
    without: Iterable[EntryKind] = (),
    cursor: str | None = None,
    limit: int = TIMELINE_PAGE_SIZE,
) -> Page[TimelineEntry]:
    """`timeline_page` of the incident with this id, with those merged into it: two statements.

    Raises Forbidden, Invalid (cursor).
    """
    require(actor, Capability.INCIDENTS_READ)
    limit = max(1, min(limit, MAX_PAGE))
    chosen, left_out = tuple(sorted(kinds)), tuple(sorted(without))
    family = family_of(actor.workspace_id, incident)
    if cursor:
        at, pk = decode_cursor(cursor)
        rows = _timeline_rows(actor.workspace_id, family, chosen, left_out).filter(
            _after("occurred_at", at, pk)
        )
        found = list(rows[: limit + 1])
    elif limit == TIMELINE_PAGE_SIZE and len(family) == 1:
        found = _newest_of(chosen, left_out)(actor.workspace_id, incident)
    else:
        found = list(_timeline_rows(actor.workspace_id, family, chosen, left_out)[: limit + 1])
    return page_of(found, limit, lambda row: (row.occurred_at, row.pk))


def _timeline_rows(
    workspace_id: int, family: Sequence[int], kinds: tuple[EntryKind, ...], without: tuple[EntryKind, ...]
) -> QuerySet[TimelineEntry]:
    rows = TimelineEntry.objects.of(workspace_id).select_related("author")
    rows = rows.filter(incident_id=family[0]) if len(family) == 1 else rows.filter(incident_id__in=family)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    if without:
        rows = rows.exclude(kind__in=without)
    found: QuerySet[TimelineEntry] = rows.order_by("-occurred_at", "-id")
    return found


@functools.lru_cache(maxsize=32)
def _newest_of(
    kinds: tuple[EntryKind, ...], without: tuple[EntryKind, ...]
) -> Callable[[int, int], list[TimelineEntry]]:
    @compiled(int, int)
    def newest(workspace_id: int, incident: int) -> QuerySet[TimelineEntry]:
        return _timeline_rows(workspace_id, [incident], kinds, without)[: TIMELINE_PAGE_SIZE + 1]

    return newest


def resolution_text(actor: Actor, incident: Incident) -> str:
    """Return the message of the last resolution; empty if there is none. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rows = TimelineEntry.objects.of(actor.workspace_id).filter(
        incident_id=incident.pk, kind=EntryKind.RESOLUTION
    )
    newest: TimelineEntry | None = rows.order_by("-occurred_at", "-id").first()
    return newest.text if newest is not None and newest.data.get("said", True) else ""


def _id_of(actor: Actor, number: int) -> int:
    pk = seen_by(actor).filter(number=number).values_list("pk", flat=True).first()
    if pk is None:
        raise NotFound(f"There is no {reference(number)} in this workspace.")
    return int(pk)


def affected_components(actor: Actor, incident: Incident) -> list[AffectedComponent]:
    """Return the affected components with their impact, by name. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return affected_of(actor.workspace_id, incident.pk)


@cached_per_request
def affected_of(workspace_id: int, incident_id: int) -> list[AffectedComponent]:
    """Return the affected components, by name, without a permission check."""
    return _affected(workspace_id, incident_id)


@compiled(int, int)
def _affected(workspace_id: int, incident_id: int) -> QuerySet[AffectedComponent]:
    affected = AffectedComponent.objects.of(workspace_id).filter(incident_id=incident_id)
    return affected.select_related("component").order_by("component__name")


def roles_of(actor: Actor, incident: Incident, *, history: bool = False) -> list[RoleAssignment]:
    """Return current role holders, or with `history` all, oldest first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return (_ever_held if history else _held)(actor.workspace_id, incident.pk)


@compiled(int, int)
def _held(workspace_id: int, incident_id: int) -> QuerySet[RoleAssignment]:
    return _by_time(held_roles(workspace_id).filter(incident_id=incident_id))


@compiled(int, int)
def _ever_held(workspace_id: int, incident_id: int) -> QuerySet[RoleAssignment]:
    return _by_time(RoleAssignment.objects.of(workspace_id).filter(incident_id=incident_id))


def _by_time(roles: QuerySet[RoleAssignment]) -> QuerySet[RoleAssignment]:
    return roles.select_related("user").order_by("assigned_at", "id")


def signals_of(actor: Actor, incident: Incident) -> list[IncidentSignal]:
    """Return the newest 50 signals of the incident. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    mine = IncidentSignal.objects.of(actor.workspace_id).filter(incident_id=incident.pk)
    return list(mine.order_by("-last_at", "-id")[:MAX_SIGNALS])


def component_names(actor: Actor) -> list[str]:
    """Return names of components in use, sorted, for pickers, at most 300. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return _names_in_use(actor.workspace_id)


@compiled(int)
def _names_in_use(workspace_id: int) -> QuerySet[Component, str]:
    in_use = Component.objects.of(workspace_id).filter(archived_at=None)
    return in_use.order_by("name").values_list("name", flat=True)[:MAX_NAMES]
