"""Reads five whys and lessons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, Q, QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from core.sql.expressions import among
from incidents.models import AffectedComponent, Incident
from incidents.privacy.selectors import is_seen, seen_with
from incidents.selectors import affected_of
from incidents.vocabulary import IncidentType
from postmortems.learning.models import FactorNode, FiveWhys, Lesson

MAX_LISTED: Final = 100
MAX_NODES: Final = 200
MAX_SHOWN_ON_INCIDENT: Final = 3


def five_whys_of(actor: Actor, incident: Incident) -> FiveWhys | None:
    """The five whys of an incident, or None. Raises Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    rows = FiveWhys.objects.of(actor.workspace_id).filter(incident_id=incident.pk)
    found: FiveWhys | None = rows.select_related("facilitator", "incident").first()
    return found


def factor_nodes_of(incident: Incident) -> list[FactorNode]:
    """Whys and factors of an incident."""
    rows = FactorNode.objects.of(incident.workspace_id).filter(five_whys__incident_id=incident.pk)
    return list(rows.select_related("answered_by").order_by("position", "id")[:MAX_NODES])


def lessons_page(
    actor: Actor, *, text: str = "", category: str = "", priority: str = "", incident: Incident | None = None
) -> Sequence[Lesson]:
    """Lessons, best match first with `text`, else newest first; at most 100. Raises Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    rows = _detailed(actor)
    if incident is not None:
        rows = rows.filter(incident=incident)
    if category:
        rows = rows.filter(category__iexact=category)
    if priority:
        rows = rows.filter(priority=priority)
    if not text:
        return list(rows.order_by("-id")[:MAX_LISTED])
    query = SearchQuery(text, config="english", search_type="websearch")
    found = rows.filter(Q(search=query) | Q(lesson__icontains=text))
    best = found.order_by(SearchRank(F("search"), query).desc(), "-id").values_list("pk", flat=True)
    ids = list(best[:MAX_LISTED])  # only these are read whole: thousands may match
    read = rows.in_bulk(ids)
    return [read[pk] for pk in ids if pk in read]


def lessons_for(actor: Actor, incident: Incident) -> Sequence[Lesson]:
    """Up to three lessons of other incidents of its type or components, the most important first."""
    require(actor, Capability.POSTMORTEMS_READ)
    ids = [one.component_id for one in affected_of(actor.workspace_id, incident.pk)][:50]
    # Incidents of type "other" have no type in common; no incident has the type "".
    kind = "" if incident.incident_type == IncidentType.OTHER else incident.incident_type
    newest = _alike(actor.workspace_id, actor.viewer, incident.pk, kind, ids)
    rank = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    return sorted(newest, key=lambda one: rank[one.priority])[:MAX_SHOWN_ON_INCIDENT]


@compiled(int, int, int, str, list)
def _alike(
    workspace_id: int, viewer: int, incident_id: int, incident_type: str, component_ids: list[int]
) -> QuerySet[Lesson]:
    """The newest 30 lessons of other incidents that share the type or a component."""
    affecting = AffectedComponent.objects.of(workspace_id).filter(among("component_id", component_ids))
    rows = Lesson.objects.of(workspace_id).filter(
        Q(among("component_id", component_ids))
        | Q(incident_id__in=affecting.values("incident_id"))
        | Q(incident__incident_type=incident_type),
        is_seen(workspace_id, viewer, "incident"),
        incident__is_drill=False,
    )
    found: QuerySet[Lesson] = rows.exclude(incident_id=incident_id).select_related("incident", "component")
    return found.order_by("-id")[:30]


def lesson_categories(actor: Actor) -> list[str]:
    """Categories in use."""
    require(actor, Capability.POSTMORTEMS_READ)
    rows = Lesson.objects.of(actor.workspace_id).filter(seen_with(actor)).exclude(category="")
    return list(rows.order_by("category").values_list("category", flat=True).distinct()[:100])


def _detailed(actor: Actor) -> QuerySet[Lesson]:
    return (
        Lesson.objects.of(actor.workspace_id).filter(seen_with(actor)).select_related("incident", "component")
    )
