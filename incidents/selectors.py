"""Reading incidents: lists by keyset, one incident, its timeline. No query per row anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.once import once_per_page
from incidents.filters import IncidentFilter, parse_filter
from incidents.keyset import Page, decode_cursor, page_of
from incidents.models import AffectedComponent, Component, Incident, RoleAssignment, TimelineEntry
from incidents.ordering import parse_order
from incidents.reference import parse_reference, reference
from incidents.selectors_list import LARGEST_PAGE, detailed, held_roles, incidents_page, matching
from incidents.vocabulary import UNRESOLVED, EntryKind

__all__ = [
    "IncidentFilter", "Page", "affected_components", "component_names",
    "incident_by_id", "incident_for",
    "incidents_page", "open_incidents_for", "parse_filter", "roles_of", "story_of", "timeline_page",
]  # fmt: skip

OPEN_LIMIT = 50


def incident_by_id(workspace_id: int, incident_id: int) -> Incident:
    """One incident as it is now, with details. Raises NotFound."""
    incident = detailed(workspace_id).filter(pk=incident_id).first()
    if incident is None:
        raise NotFound("There is no such incident in this workspace.")
    return incident


def incident_for(actor: Actor, number: int | str) -> Incident:
    """One incident by number or reference ("INC-42"), with details. Raises NotFound, Forbidden, Invalid."""
    require(actor, Capability.INCIDENTS_READ)
    return _numbered(actor.workspace_id, parse_reference(number))


@once_per_page
def _numbered(workspace_id: int, number: int) -> Incident:
    incident = detailed(workspace_id).filter(number=number).first()
    if incident is None:
        raise NotFound(f"There is no {reference(number)} in this workspace.")
    return incident


def _after(field: str, at: datetime, pk: int) -> Q:
    # The first half lets the index start at the right place; the second decides among equals.
    return Q(**{f"{field}__lte": at}) & (Q(**{f"{field}__lt": at}) | Q(id__lt=pk))


def open_incidents_for(
    actor: Actor,
    wanted: IncidentFilter | None = None,
    *,
    sort: str = "",
    only_mine: bool = False,
    limit: int = OPEN_LIMIT,
) -> list[Incident]:
    """What still needs somebody: the actor's own first, then the worst, then the newest, unless sorted.

    Mine are those in which the actor holds a role. Raises Forbidden, and Invalid for an order nobody knows.
    """
    require(actor, Capability.INCIDENTS_READ)
    found = _open(actor, detailed(actor.workspace_id), wanted)
    columns = parse_order(sort).columns() if sort else ["-is_mine", "-weight", "-detected_at", "-id"]
    return list((found.filter(is_mine=True) if only_mine else found).order_by(*columns)[:limit])


def count_open(actor: Actor, wanted: IncidentFilter | None = None) -> dict[str, int]:
    """How many still need somebody: `all`, and `mine` among them. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    found = _open(actor, Incident.objects.of(actor.workspace_id), wanted)
    return found.aggregate(all=Count("id"), mine=Count("id", filter=Q(is_mine=True)))


def _open(actor: Actor, rows: QuerySet[Any], wanted: IncidentFilter | None) -> QuerySet[Any]:
    mine = Exists(held_roles(actor.workspace_id).filter(incident=OuterRef("pk"), user_id=actor.user_id or 0))
    tests = matching(actor.workspace_id, wanted or IncidentFilter()) & Q(status__in=UNRESOLVED)
    found: QuerySet[Any] = rows.filter(tests).annotate(is_mine=mine)
    return found


def timeline_page(
    actor: Actor,
    number: int | str,
    *,
    kinds: Iterable[EntryKind] = (),
    without: Iterable[EntryKind] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> Page[TimelineEntry]:
    """A story, newest first: `kinds`, or all but `without`. Raises NotFound, Forbidden, Invalid (cursor)."""
    require(actor, Capability.INCIDENTS_READ)
    incident = _id_of(actor.workspace_id, parse_reference(number))
    return story_of(actor, incident, kinds=kinds, without=without, cursor=cursor, limit=limit)


def story_of(
    actor: Actor,
    incident: int,
    *,
    kinds: Iterable[EntryKind] = (),
    without: Iterable[EntryKind] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> Page[TimelineEntry]:
    """`timeline_page` of the incident with this id: one statement. Raises Forbidden, Invalid (cursor)."""
    require(actor, Capability.INCIDENTS_READ)
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = TimelineEntry.objects.of(actor.workspace_id).filter(incident_id=incident).select_related("author")
    if chosen := list(kinds):
        rows = rows.filter(kind__in=chosen)
    if left_out := list(without):
        rows = rows.exclude(kind__in=left_out)
    if cursor:
        at, pk = decode_cursor(cursor)
        rows = rows.filter(_after("occurred_at", at, pk))
    found = list(rows.order_by("-occurred_at", "-id")[: limit + 1])
    return page_of(found, limit, lambda row: (row.occurred_at, row.pk))


def _id_of(workspace_id: int, number: int) -> int:
    pk = Incident.objects.of(workspace_id).filter(number=number).values_list("pk", flat=True).first()
    if pk is None:
        raise NotFound(f"There is no {reference(number)} in this workspace.")
    return int(pk)


def affected_components(actor: Actor, incident: Incident) -> list[AffectedComponent]:
    """What the incident touches and how badly, by name. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    affected = AffectedComponent.objects.of(actor.workspace_id).filter(incident_id=incident.pk)
    return list(affected.select_related("component").order_by("component__name"))


def roles_of(actor: Actor, incident: Incident, *, history: bool = False) -> list[RoleAssignment]:
    """Who holds which role now, or with `history` who ever did, oldest first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    held = RoleAssignment.objects.of(actor.workspace_id) if history else held_roles(actor.workspace_id)
    return list(held.filter(incident_id=incident.pk).select_related("user").order_by("assigned_at", "id"))


def component_names(actor: Actor, *, limit: int = 1000) -> list[str]:
    """The names of components in use, sorted, for pickers. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    in_use = Component.objects.of(actor.workspace_id).filter(archived_at=None)
    return list(in_use.order_by("name").values_list("name", flat=True)[:limit])
