"""Related incidents: linked, recurring, nearby.

Every list is short and found through an index, however many incidents there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, LiteralString

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from core.sql.expressions import among
from core.sql.prepared import rows
from incidents.models import Incident, IncidentSignal
from incidents.privacy.selectors import is_seen, seen_as
from incidents.vocabulary import IncidentType

NEARBY: Final = timedelta(hours=24)
SHOWN: Final = 5
COUNTED: Final = 100  # earlier ones; beyond, "more than" is all anybody needs to know
COMPONENTS: Final = 10

# Numbers are given in order of detection, so the nearest ids are the nearest in time.
_NEIGHBOURS: Final[LiteralString] = """
select distinct near.incident_id
  from (select component_id from incidents_affectedcomponent
         where incident_id = %s::bigint order by component_id limit %s::int) mine
 cross join lateral (
   (select incident_id from incidents_affectedcomponent a
     where a.component_id = mine.component_id and a.incident_id < %s::bigint
     order by incident_id desc limit %s::int)
   union all
   (select incident_id from incidents_affectedcomponent a
     where a.component_id = mine.component_id and a.incident_id > %s::bigint
     order by incident_id limit %s::int)
 ) near
"""


@dataclass(frozen=True, slots=True)
class Related:
    """Each incident stands in one list only: the first that fits, in this order.

    `recurrence` counts earlier incidents of the same trouble, up to 100.
    """

    linked: list[Incident] = field(default_factory=list)
    earlier: list[Incident] = field(default_factory=list)
    neighbours: list[Incident] = field(default_factory=list)
    same_type: list[Incident] = field(default_factory=list)
    recurrence: int = 0

    def all(self) -> list[Incident]:
        """Every incident in it, in order."""
        return [*self.linked, *self.earlier, *self.neighbours, *self.same_type]


def linked_incidents(actor: Actor, incident: Incident) -> list[Incident]:
    """What somebody linked to it, newest first, at most 100. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return _linked(actor.workspace_id, actor.viewer, incident.pk)


@compiled(int, int, int)
def _linked(workspace_id: int, viewer: int, incident_id: int) -> QuerySet[Incident]:
    linked: QuerySet[Incident] = seen_as(workspace_id, viewer).filter(related=incident_id)
    return linked.order_by("-detected_at", "-id")[:100]


def related_incidents(actor: Actor, incident: Incident) -> Related:
    """Linked ones, and up to five each of: earlier ones of its fingerprint, those that touched one of its
    components within 24 hours, the latest before it of its type. Five statements. Raises Forbidden.
    """
    linked = linked_incidents(actor, incident)
    earlier = _earlier(actor, incident)
    near = _neighbours(incident)
    known = {one.pk for one in linked}
    found = _incidents(actor, {*earlier[: SHOWN + len(known)], *near})
    first = _short([found[pk] for pk in earlier if pk in found], known)
    neighbours = _short(_within(incident, [found[pk] for pk in near if pk in found]), known)
    alike = _short(_same_type(actor, incident), known)
    return Related(linked, first, neighbours, alike, len(earlier))


def _short(found: Iterable[Incident], known: set[int]) -> list[Incident]:
    """The first five that stand nowhere yet; they do from now on."""
    fresh = [one for one in found if one.pk not in known][:SHOWN]
    known.update(one.pk for one in fresh)
    return fresh


def _earlier(actor: Actor, incident: Incident) -> list[int]:
    if not incident.fingerprint:
        return []
    return _of_fingerprint(incident.workspace_id, actor.viewer, incident.fingerprint, incident.pk)


@compiled(int, int, str, int)
def _of_fingerprint(
    workspace_id: int, viewer: int, fingerprint: str, before: int
) -> QuerySet[IncidentSignal, int]:
    same = IncidentSignal.objects.of(workspace_id).filter(
        is_seen(workspace_id, viewer, "incident"), fingerprint=fingerprint, incident_id__lt=before
    )
    return same.order_by("-incident_id").values_list("incident_id", flat=True)[:COUNTED]


def _neighbours(incident: Incident) -> list[int]:
    near = [incident.pk, 2 * SHOWN]
    return [pk for (pk,) in rows(_NEIGHBOURS, [incident.pk, COMPONENTS, *near, *near])]


def _within(incident: Incident, found: list[Incident]) -> list[Incident]:
    """Those detected within a day of it, the nearest first."""

    def apart(one: Incident) -> timedelta:
        return abs(one.detected_at - incident.detected_at)

    return sorted((one for one in found if apart(one) <= NEARBY), key=apart)


def _same_type(actor: Actor, incident: Incident) -> list[Incident]:
    if incident.incident_type == IncidentType.OTHER:
        return []  # what has no type has none in common
    return _of_type(incident.workspace_id, actor.viewer, incident.incident_type, incident.detected_at)


@compiled(int, int, str, datetime)
def _of_type(workspace_id: int, viewer: int, incident_type: str, before: datetime) -> QuerySet[Incident]:
    same = seen_as(workspace_id, viewer).filter(incident_type=incident_type, detected_at__lt=before)
    newest: QuerySet[Incident] = same.order_by("-detected_at", "-id")
    return newest[: 4 * SHOWN]


def _incidents(actor: Actor, ids: set[int]) -> dict[int, Incident]:
    return {one.pk: one for one in _with_ids(actor.workspace_id, actor.viewer, list(ids))} if ids else {}


@compiled(int, int, list)
def _with_ids(workspace_id: int, viewer: int, ids: list[int]) -> QuerySet[Incident]:
    return seen_as(workspace_id, viewer).filter(among("pk", ids))
