"""Reading incidents: lists by keyset, one incident, its timeline. No query per row anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, NullIf

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from incidents.filters import IncidentFilter, parse_filter
from incidents.keyset import Page, decode_cursor, page_of
from incidents.models import AffectedComponent, Component, Incident, RoleAssignment, TimelineEntry
from incidents.reference import parse_reference, reference
from incidents.vocabulary import SEVERITY_RANK, UNRESOLVED, EntryKind, ResponseRole

__all__ = [
    "IncidentFilter", "Page", "affected_components", "component_names", "components_of",
    "incident_by_id", "incident_for",
    "incidents_page", "open_incidents_for", "parse_filter", "roles_of", "timeline_page",
]  # fmt: skip

LARGEST_PAGE = 200
OPEN_LIMIT = 500
_NEWEST_FIRST = ("-detected_at", "-id")


def _detailed(workspace_id: int) -> QuerySet[Incident]:
    """The workspace's incidents with `component_names`, `commander_username` and `commander_label`."""
    affected = AffectedComponent.objects.of(workspace_id).filter(incident=OuterRef("pk"))
    commander = _held(workspace_id).filter(incident=OuterRef("pk"), role=ResponseRole.COMMANDER)
    label = Coalesce(NullIf("user__display_name", Value("")), "user__username")
    detailed: QuerySet[Incident] = Incident.objects.of(workspace_id).annotate(
        component_names=ArraySubquery(affected.order_by("component__name").values("component__name")),
        commander_username=Subquery(commander.values("user__username")[:1]),
        commander_label=Subquery(commander.annotate(label=label).values("label")[:1]),
    )
    return detailed


def _held(workspace_id: int) -> QuerySet[RoleAssignment]:
    held: QuerySet[RoleAssignment] = RoleAssignment.objects.of(workspace_id).filter(ended_at__isnull=True)
    return held


def incident_by_id(workspace_id: int, incident_id: int) -> Incident:
    """One incident as it is now, with details. Raises NotFound."""
    incident = _detailed(workspace_id).filter(pk=incident_id).first()
    if incident is None:
        raise NotFound("There is no such incident in this workspace.")
    return incident


def incident_for(actor: Actor, number: int | str) -> Incident:
    """One incident by number or reference ("INC-42"), with details. Raises NotFound, Forbidden, Invalid."""
    require(actor, Capability.INCIDENTS_READ)
    parsed = parse_reference(number)
    incident = _detailed(actor.workspace_id).filter(number=parsed).first()
    if incident is None:
        raise NotFound(f"There is no {reference(parsed)} in this workspace.")
    return incident


def incidents_page(
    actor: Actor, wanted: IncidentFilter | None = None, *, cursor: str | None = None, limit: int = 50
) -> Page[Incident]:
    """Incidents, newest detection first, in pages of 1 to 200. Raises Forbidden; Invalid for a bad cursor."""
    require(actor, Capability.INCIDENTS_READ)
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = _detailed(actor.workspace_id).filter(_matching(actor.workspace_id, wanted or IncidentFilter()))
    if cursor:
        at, pk = decode_cursor(cursor)
        rows = rows.filter(_after("detected_at", at, pk))
    return page_of(
        list(rows.order_by(*_NEWEST_FIRST)[: limit + 1]), limit, lambda row: (row.detected_at, row.pk)
    )


def _after(field: str, at: datetime, pk: int) -> Q:
    # The first half lets the index start at the right place; the second decides among equals.
    return Q(**{f"{field}__lte": at}) & (Q(**{f"{field}__lt": at}) | Q(id__lt=pk))


def _matching(workspace_id: int, wanted: IncidentFilter) -> Q:
    tests = Q()
    if wanted.severities:
        tests &= Q(severity__in=wanted.severities)
    if wanted.statuses or wanted.stages_as_status:
        tests &= Q(status__in=wanted.statuses) | Q(stage__in=wanted.stages_as_status)
    if wanted.stages:
        tests &= Q(stage__in=wanted.stages)
    if wanted.types:
        tests &= Q(incident_type__in=wanted.types)
    if wanted.since:
        tests &= Q(detected_at__gte=wanted.since)
    if wanted.until:
        tests &= Q(detected_at__lt=wanted.until)
    return tests & _matching_words(workspace_id, wanted)


def _matching_words(workspace_id: int, wanted: IncidentFilter) -> Q:
    tests = Q()
    labels = dict(wanted.labels) | ({"project": wanted.project} if wanted.project else {})
    if labels:
        tests &= Q(labels__contains=labels)
    if wanted.components:
        tests &= Q(pk__in=_touching(workspace_id, component__name__in=wanted.components))
    if wanted.assigned_to:
        tests &= _assigned(workspace_id, wanted.assigned_to)
    if wanted.search:
        tests &= _found(workspace_id, wanted.search)
    return tests


def _touching(workspace_id: int, **which: object) -> QuerySet[Any, Any]:
    touching: QuerySet[Any, Any] = (
        AffectedComponent.objects.of(workspace_id).filter(**which).values("incident_id")
    )
    return touching


def _assigned(workspace_id: int, username: str) -> Q:
    commanders = _held(workspace_id).filter(role=ResponseRole.COMMANDER)
    if username.casefold() == "none":
        return ~Q(Exists(commanders.filter(incident=OuterRef("pk"))))
    return Q(pk__in=commanders.filter(user__username__iexact=username).values("incident_id"))


def _found(workspace_id: int, text: str) -> Q:
    found = Q(title__icontains=text) | Q(pk__in=_touching(workspace_id, component__name__icontains=text))
    digits = text.casefold().removeprefix("inc").strip("-_# ")
    if digits.isdecimal() and digits.isascii() and len(digits) < 10:
        found |= Q(number=int(digits))
    return found


def open_incidents_for(actor: Actor, *, limit: int = OPEN_LIMIT) -> list[Incident]:
    """What still needs somebody: the actor's own first, then the worst, then the newest. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rank = Case(
        *(When(severity=severity, then=Value(rank)) for severity, rank in SEVERITY_RANK.items()),
        output_field=IntegerField(),
    )
    mine = Exists(_held(actor.workspace_id).filter(incident=OuterRef("pk"), user_id=actor.user_id or 0))
    unresolved: QuerySet[Any] = _detailed(actor.workspace_id).filter(status__in=UNRESOLVED)
    ordered = unresolved.annotate(is_mine=mine, rank=rank).order_by("-is_mine", "rank", *_NEWEST_FIRST)
    return list(ordered[:limit])


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
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = TimelineEntry.objects.of(actor.workspace_id).filter(incident_id=incident)
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
    held = RoleAssignment.objects.of(actor.workspace_id) if history else _held(actor.workspace_id)
    return list(held.filter(incident_id=incident.pk).select_related("user").order_by("assigned_at", "id"))


def component_names(actor: Actor, *, limit: int = 1000) -> list[str]:
    """The catalogue's names, sorted, for pickers. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    names = Component.objects.of(actor.workspace_id).order_by("name").values_list("name", flat=True)
    return list(names[:limit])


def components_of(actor: Actor, *, limit: int = 1000) -> list[Component]:
    """The catalogue with owners, by name: one query. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return list(Component.objects.of(actor.workspace_id).select_related("owner").order_by("name")[:limit])
