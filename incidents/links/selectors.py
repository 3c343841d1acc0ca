"""Related incidents: linked, recurring, nearby.

Every list is short and uses an index, however many incidents there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from core.sql.expressions import among
from core.sql.prepared import rows
from incidents.models import Incident, IncidentSignal
from incidents.privacy.selectors import is_seen, seen_as
from incidents.vocabulary import IncidentType

Reason = Mapping[str, Any]

NEARBY: Final = timedelta(hours=24)
MAX_LINKED: Final = 100
SHOWN: Final = 5
COUNTED: Final = 100  # earlier incidents; beyond, "more than" is shown
COMPONENTS: Final = 10

_LINKED: Final[LiteralString] = """
(select to_incident_id, null::jsonb from incidents_incident_related where from_incident_id = %s::bigint)
union all
(select high_id, reasons from incidents_incidentlink where low_id = %s::bigint and removed_at is null)
union all
(select low_id, reasons from incidents_incidentlink where high_id = %s::bigint and removed_at is null)
order by 1 desc limit %s::int
"""
# Numbers are assigned in order of detection, so the nearest ids are the nearest in time.
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
    """Each incident is in one list only: the first that applies, in this order.

    `recurrence` counts earlier incidents of the same fingerprint, up to 100. `reasons`: incident id -> why it
    is linked; empty for a link that a person created.
    """

    linked: list[Incident] = field(default_factory=list)
    earlier: list[Incident] = field(default_factory=list)
    neighbours: list[Incident] = field(default_factory=list)
    same_type: list[Incident] = field(default_factory=list)
    recurrence: int = 0
    reasons: Mapping[int, list[str]] = field(default_factory=dict)

    def why(self) -> list[tuple[Incident, list[str]]]:
        """Return the linked ones with their reasons."""
        return [(one, self.reasons.get(one.pk, [])) for one in self.linked]

    def all(self) -> list[Incident]:
        """Return every incident in it, in order."""
        return [*self.linked, *self.earlier, *self.neighbours, *self.same_type]


def linked_incidents(actor: Actor, incident: Incident) -> list[Incident]:
    """Return incidents linked by a person or by Tocsin, newest first, at most 100. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return _newest_first(_incidents(actor, {pk for pk, _ in _links(incident)}).values())


def _links(incident: Incident) -> list[tuple[int, list[Reason]]]:
    """Return the ids of linked incidents with the reasons; a person's link has none."""
    found: dict[int, list[Reason]] = {}
    for pk, reasons in rows(_LINKED, [incident.pk] * 3 + [MAX_LINKED]):
        found[pk] = [*found.get(pk, ()), *(reasons or ())]
    return list(found.items())


def _newest_first(found: Iterable[Incident]) -> list[Incident]:
    return sorted(found, key=lambda one: (one.detected_at, one.pk), reverse=True)


def related_incidents(actor: Actor, incident: Incident) -> Related:
    """Return linked ones, and up to five each of related kinds. Five statements. Raises Forbidden.

    The kinds: earlier ones of its fingerprint, those that affected one of its components within 24 hours, and
    the latest of its type before it.
    """
    require(actor, Capability.INCIDENTS_READ)
    links = dict(_links(incident))
    earlier = _earlier(actor, incident)
    near = _neighbours(incident)
    known = set(links)
    found = _incidents(actor, {*links, *earlier[: SHOWN + len(known)], *near})
    linked = _newest_first(
        one for pk in links if (one := found.get(pk)) and one.merged_into_id != incident.pk
    )
    first = _short([found[pk] for pk in earlier if pk in found], known)
    neighbours = _short(_within(incident, [found[pk] for pk in near if pk in found]), known)
    alike = _short(_same_type(actor, incident), known)
    reasons = {pk: [one["text"] for one in links[pk]] for pk in links}
    return Related(linked, first, neighbours, alike, len(earlier), reasons)


def _short(found: Iterable[Incident], known: set[int]) -> list[Incident]:
    """Return the first five that are in no earlier list."""
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
    """Return those detected within a day of it, nearest first."""

    def apart(one: Incident) -> timedelta:
        return abs(one.detected_at - incident.detected_at)

    return sorted((one for one in found if apart(one) <= NEARBY), key=apart)


def _same_type(actor: Actor, incident: Incident) -> list[Incident]:
    if incident.incident_type == IncidentType.OTHER:
        return []  # without a type, none share it
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
