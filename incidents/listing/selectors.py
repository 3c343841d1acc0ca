"""Incident lists: filtered, sorted, paginated, counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Lower, NullIf

from accounts.actor import SEES_ALL, Actor
from accounts.models import User
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from core.sql.expressions import InArray, RowBeyond, among
from incidents.lifecycle.sort_keys import weight_of
from incidents.listing.filters import IncidentFilter
from incidents.listing.keyset import Page
from incidents.listing.ordering import NEWEST, Cursor, Order, decode, page_in, parse_order
from incidents.models import AffectedComponent, Component, Incident, RoleAssignment, SlaClock
from incidents.privacy.selectors import seen_as, seen_by
from incidents.vocabulary import UNRESOLVED, ResponseRole, Stage

MAX_PAGE: Final = 200
COUNTED: Final = 10_000
COUNTED_BY_WORDS: Final = 1_000  # for filters that need other tables or a scan
BATCH: Final = 500


def detailed(workspace_id: int, viewer: int = SEES_ALL) -> QuerySet[Incident]:
    """Return what `viewer` may see, with the fields that `Incident` says selectors set."""
    affected = AffectedComponent.objects.of(workspace_id).filter(incident=OuterRef("pk"))
    commander = held_roles(workspace_id).filter(incident=OuterRef("pk"), role=ResponseRole.COMMANDER)
    late = Q(breaches__gt=0)  # or by times that were corrected since
    late |= Q(kind=SlaClock.Kind.ACKNOWLEDGE, deadline__lt=OuterRef("acknowledged_at"))
    late |= Q(kind=SlaClock.Kind.RESOLVE, deadline__lt=OuterRef("resolved_at"))
    missed = SlaClock.objects.of(workspace_id).filter(late, incident=OuterRef("pk"))
    label = Coalesce(NullIf("user__display_name", Value("")), "user__username")
    every: QuerySet[Any] = seen_as(workspace_id, viewer)
    found: QuerySet[Incident] = every.annotate(
        component_names=ArraySubquery(affected.order_by("component__name").values("component__name")),
        commander_username=Subquery(commander.values("user__username")[:1]),
        commander_label=Subquery(commander.annotate(label=label).values("label")[:1]),
        is_sla_breached=Exists(missed),
    )
    return found


def held_roles(workspace_id: int) -> QuerySet[RoleAssignment]:
    """Return the current role holders."""
    held: QuerySet[RoleAssignment] = RoleAssignment.objects.of(workspace_id).filter(ended_at__isnull=True)
    return held


def incidents_page(
    actor: Actor,
    wanted: IncidentFilter | None = None,
    *,
    cursor: str | None = None,
    limit: int = 50,
    sort: str = "",
) -> Page[Incident]:
    """Return incidents in pages of 1 to 200, in the order `sort` (default: newest detection first).

    Going back beyond the first row returns the full first page. Raises Forbidden; Invalid for an unknown
    order and for a cursor of another order.
    """
    require(actor, Capability.INCIDENTS_READ)
    order, limit = parse_order(sort), max(1, min(limit, MAX_PAGE))
    where = decode(order, cursor) if cursor else None
    page = _places(actor, wanted, order, where, limit)
    if where is not None and where.is_back and page.previous_cursor is None:
        page = _places(actor, wanted, order, None, limit)
    items = in_order(actor, [place.id for place in page.items])
    return Page(items, page.next_cursor, page.previous_cursor)


def _places(
    actor: Actor, wanted: IncidentFilter | None, order: Order, where: Cursor | None, limit: int
) -> Page[Any]:
    """Return the ids and sort keys of a page: only this query depends on filter and order.

    The cursors are of these keys, so that an incident that changes before its details are read does not move
    them.
    """
    rows = _slice(seen_by(actor), actor.workspace_id, wanted, order, where)
    found = rows.values_list(*order.keys, named=True)
    return page_in(order, list(found[: limit + 1]), limit, where)


def in_order(actor: Actor, ids: Sequence[int]) -> list[Incident]:
    """Return those of these incidents that the actor may see, with details, in this order: one statement."""
    found = {one.pk: one for one in _with_ids(actor.workspace_id, actor.viewer, list(ids))} if ids else {}
    return [found[pk] for pk in ids if pk in found]


@compiled(int, int, list)
def _with_ids(workspace_id: int, viewer: int, ids: list[int]) -> QuerySet[Incident]:
    return detailed(workspace_id, viewer).filter(among("pk", ids))


def _slice(
    rows: QuerySet[Incident],
    workspace_id: int,
    wanted: IncidentFilter | None,
    order: Order,
    where: Cursor | None,
) -> QuerySet[Incident]:
    is_back = where is not None and where.is_back
    rows = rows.filter(matching(workspace_id, wanted or IncidentFilter()))
    if where is not None:
        rows = rows.filter(RowBeyond(order.keys, where.keys, is_below=order.is_falling is not is_back))
    return rows.order_by(*order.columns(backwards=is_back))


def counted_to(wanted: IncidentFilter) -> int:
    """Return how far a page counts: filters on columns of incidents cost a tenth of those by words."""
    by_words = wanted.search or wanted.components or wanted.assigned_to or wanted.labels or wanted.project
    return COUNTED_BY_WORDS if by_words else COUNTED


def count_incidents(actor: Actor, wanted: IncidentFilter | None = None, *, most: int = COUNTED) -> int:
    """Count matches; `most` + 1 means more than `most`. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return seen_by(actor).filter(matching(actor.workspace_id, wanted or IncidentFilter()))[: most + 1].count()


def incidents_in_batches(
    actor: Actor, wanted: IncidentFilter | None = None, *, size: int = BATCH
) -> Iterator[Sequence[Incident]]:
    """Yield all matches, newest detection first, in batches of `size` rows, each read on demand.

    Each batch is a statement of its own, so that a slow reader holds neither a snapshot nor a connection. The
    sort key of a row never changes, so that no row is repeated or missed; incidents opened meanwhile are not
    included. Raises Forbidden at once.
    """
    require(actor, Capability.INCIDENTS_READ)
    return _batches(actor, wanted, size)


def _batches(actor: Actor, wanted: IncidentFilter | None, size: int) -> Iterator[Sequence[Incident]]:
    where: Cursor | None = None
    every = detailed(actor.workspace_id, actor.viewer)
    while rows := list(_slice(every, actor.workspace_id, wanted, NEWEST, where)[:size]):
        yield rows
        where = Cursor(NEWEST.name, (rows[-1].detected_at, rows[-1].pk))


def incidents_numbered(actor: Actor, numbers: Sequence[int]) -> list[Incident]:
    """Return those of the workspace with these numbers, newest detection first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rows = detailed(actor.workspace_id, actor.viewer).filter(number__in=list(numbers)[:MAX_PAGE])
    return list(rows.order_by(*NEWEST.columns()))


def matching(workspace_id: int, wanted: IncidentFilter) -> Q:
    """Return the condition of a filter."""
    tests = Q()
    if wanted.severities:
        tests &= Q(weight__in=[weight_of(severity) for severity in wanted.severities])
    if wanted.statuses or wanted.stages_as_status:
        tests &= _standing(wanted)
    if wanted.stages:
        tests &= Q(stage__in=wanted.stages)
    if wanted.types:
        tests &= Q(incident_type__in=wanted.types)
    if wanted.since:
        tests &= Q(detected_at__gte=wanted.since)
    if wanted.until:
        tests &= Q(detected_at__lt=wanted.until)
    return tests & _matching_words(workspace_id, wanted) & _matching_response(wanted)


def _matching_response(wanted: IncidentFilter) -> Q:
    tests = Q()
    if wanted.resolved_since:
        tests &= Q(resolved_at__gte=wanted.resolved_since)
    if wanted.is_acknowledged is not None:
        tests &= Q(acknowledged_at__isnull=not wanted.is_acknowledged)
    if at := wanted.sla_missed_at:
        late = Q(acknowledged_at=None, acknowledge_due_at__lte=at)
        later = Q(update_due_at__lte=at) | Q(resolve_due_at__lte=at)
        tests &= Q(status__in=UNRESOLVED) & (late | (Q(acknowledged_at__isnull=False) & later))
    return tests


def _matching_words(workspace_id: int, wanted: IncidentFilter) -> Q:
    tests = Q()
    labels = dict(wanted.labels) | ({"project": wanted.project} if wanted.project else {})
    if labels:
        tests &= Q(labels__contains=labels)
    if wanted.components:
        tests &= Q(pk__in=_touching(workspace_id, component__in=_called(workspace_id, wanted.components)))
    if wanted.assigned_to:
        tests &= _assigned(workspace_id, wanted.assigned_to)
    if wanted.search:
        tests &= _found(workspace_id, wanted.search)
    return tests


def _standing(wanted: IncidentFilter) -> Q:
    """Return the condition on the status.

    A stage name matches incidents that are not over, unless it is the last stage.
    """
    stages = wanted.stages_as_status
    found = Q(status__in=wanted.statuses) | Q(stage__in=stages - {Stage.DONE}, status__in=UNRESOLVED)
    return found | Q(stage=Stage.DONE) if Stage.DONE in stages else found


def _touching(workspace_id: int, **which: object) -> QuerySet[Any, Any]:
    rows: QuerySet[AffectedComponent] = AffectedComponent.objects.of(workspace_id)
    return rows.filter(**which).values("incident_id")


def _called(workspace_id: int, names: Iterable[str]) -> QuerySet[Any, Any]:
    """Return the ids of components with these names, ignoring case: several may match one name."""
    rows = Component.objects.of(workspace_id).annotate(plain=Lower("name"))
    found: QuerySet[Any, Any] = rows.filter(plain__in=[name.lower() for name in names]).values("pk")
    return found


def _assigned(workspace_id: int, username: str) -> Q:
    commanders = held_roles(workspace_id).filter(role=ResponseRole.COMMANDER)
    if username.casefold() == "none":
        return ~Q(Exists(commanders.filter(incident=OuterRef("pk"))))
    # By id: PostgreSQL has statistics for an id, but not for a name behind a join.
    person = User.objects.filter(username__iexact=username).values("pk")[:1]
    return Q(pk__in=commanders.filter(user_id=Subquery(person)).values("incident_id"))


def _found(workspace_id: int, text: str) -> Q:
    """Return the condition of a search: in the title, in a component's name, or the number.

    The components' incidents are an array, not a subquery, so that PostgreSQL may combine the indexes of all
    three for rare words, or scan the list and stop at the page's end for common ones.
    """
    touching = _touching(workspace_id, component__name__icontains=text)
    found = Q(title__icontains=text) | Q(InArray(F("pk"), ArraySubquery(touching)))
    digits = text.casefold().removeprefix("inc").strip("-_# ")
    if digits.isdecimal() and digits.isascii() and len(digits) < 10:
        found |= Q(number=int(digits))
    return found
