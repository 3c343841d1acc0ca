"""Proposes to merge pairs of open incidents, with reasons. Nothing is merged automatically.

Reasons: shared correlation ids, shared message templates that are not common to many components, the same
component or one that depends on the other with starts close together, and the same change before both.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from django.db.models import Q, QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from core.sql.prepared import rows
from incidents.analysis.models import Analysis, Author, IncidentEssence
from incidents.merging.models import DismissedProposal
from incidents.models import AffectedComponent, Component, Incident
from incidents.privacy.selectors import seen_as
from incidents.vocabulary import UNRESOLVED

NEARBY: Final = timedelta(hours=1)
CLOSE: Final = timedelta(minutes=5)
MAX_CANDIDATES: Final = 50
SHOWN: Final = 5
MIN_SCORE: Final = 0.4
MIN_SHARED_IDS: Final = 2
MIN_SHARE: Final = 0.2
# A template of this many earlier incidents and components, such as "retrying request <*>", says nothing.
COMMON: Final = 5
MAX_EARLIER: Final = 500
_COMMON: Final[LiteralString] = """
with earlier as materialized (
  select id from incidents_incident
   where workspace_id = %s::bigint and started_at < %s::timestamptz and is_drill = %s and not is_private
   order by detected_at desc, id desc limit %s::int)
select shape
  from earlier
  join incidents_incidentessence e on e.incident_id = earlier.id and e.shapes && %s::bigint[]
  join incidents_affectedcomponent a on a.incident_id = earlier.id
 cross join unnest(e.shapes) shape
 where shape = any(%s::bigint[])
 group by shape
having least(count(distinct a.component_id), count(distinct earlier.id)) >= %s::int
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two incidents may be one: kind, text, and weight."""

    kind: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Facts:
    """Features of an incident for proposals: its components and their dependencies, by name.

    Its message shapes, correlation ids and the changes before it.
    """

    incident: Incident
    components: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    shapes: frozenset[int] = frozenset()
    correlations: frozenset[int] = frozenset()
    changes: Mapping[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An incident that may be the same problem, and why."""

    incident: Incident
    reasons: Sequence[Reason]

    @property
    def score(self) -> float:
        """Return the sum of its reasons' weights, at most 1."""
        return min(1.0, sum(reason.weight for reason in self.reasons))

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of its reasons."""
        return [reason.kind for reason in self.reasons]

    def as_json(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {
            "incident": self.incident.reference,
            "title": self.incident.title,
            "severity": self.incident.severity,
            "score": round(self.score, 2),
            "reasons": [{"kind": reason.kind, "text": reason.text} for reason in self.reasons],
        }


def reasons_between(one: Facts, other: Facts) -> list[Reason]:
    """Return why two incidents may be the same problem. Pure."""
    apart = abs(one.incident.started_at - other.incident.started_at)
    found = [_correlation(one, other), _shapes(one, other), _change(one, other)]
    if apart <= CLOSE:
        found += [_component(one, other) or _dependency(one, other) or _dependency(other, one)]
    return [reason for reason in found if reason is not None]


def _correlation(one: Facts, other: Facts) -> Reason | None:
    shared = len(one.correlations & other.correlations)
    least = min(len(one.correlations), len(other.correlations))
    if not shared or (shared < MIN_SHARED_IDS and shared < MIN_SHARE * least):
        return None
    plural = "" if shared == 1 else "s"
    return Reason("correlation_id", f"{shared} correlation id{plural} in common", 0.6)


def _shapes(one: Facts, other: Facts) -> Reason | None:
    shared = len(one.shapes & other.shapes)
    if not shared or shared < MIN_SHARE * min(len(one.shapes), len(other.shapes)):
        return None
    plural = "" if shared == 1 else "s"
    return Reason("shapes", f"{shared} message template{plural} in common", 0.4)


def _change(one: Facts, other: Facts) -> Reason | None:
    mine, theirs = one.changes or {}, other.changes or {}
    both = sorted(mine.keys() & theirs.keys())
    return Reason("change", f"The same change came before both: {mine[both[0]]}", 0.3) if both else None


def _component(one: Facts, other: Facts) -> Reason | None:
    both = sorted(one.components & other.components)
    words = f"Both affect {both[0]} and began within 5 minutes" if both else ""
    return Reason("component", words, 0.3) if both else None


def _dependency(one: Facts, other: Facts) -> Reason | None:
    below = sorted(one.needs & other.components)
    if not below:
        return None
    words = f"{one.incident.reference} affects what depends on {below[0]}; both began within 5 minutes"
    return Reason("dependency", words, 0.4)


def proposals_for(actor: Actor, incident: Incident) -> list[Proposal]:
    """Return at most five open incidents that may be the same problem, likeliest first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    if not incident.is_unresolved or incident.merged_into_id is not None:
        return []
    near = _near(incident.is_drill, incident.is_private)
    since, until = incident.started_at - NEARBY, incident.started_at + NEARBY
    others = near(actor.workspace_id, actor.viewer, incident.pk, since, until)
    if not others:
        return []
    facts = _telling(facts_of(incident.workspace_id, [incident, *others]), incident, since)
    dismissed = _dismissed(incident)
    found = [Proposal(one, reasons_between(facts[incident.pk], facts[one.pk])) for one in others]
    likely = [one for one in found if one.score >= MIN_SCORE and not _is_dismissed(one, dismissed)]
    return sorted(likely, key=lambda one: (-one.score, -one.incident.pk))[:SHOWN]


@functools.cache
def _near(is_drill: bool, is_private: bool) -> Callable[[int, int, int, datetime, datetime], list[Incident]]:
    """Return the query of the newest 50 open incidents that began between two times, except one."""

    @compiled(int, int, int, datetime, datetime)
    def near(
        workspace_id: int, viewer: int, beside: int, since: datetime, until: datetime
    ) -> QuerySet[Incident]:
        found = seen_as(workspace_id, viewer).filter(
            status__in=UNRESOLVED,
            merged_into=None,
            is_drill=is_drill,
            is_private=is_private,
            started_at__range=(since, until),
        )
        return found.exclude(pk=beside).order_by("-detected_at", "-id")[:MAX_CANDIDATES]

    return near


def _dismissed(incident: Incident) -> dict[int, Collection[str]]:
    """Return other incident's id -> dismissed kinds of reasons."""
    rows = DismissedProposal.objects.of(incident.workspace_id).filter(Q(low=incident) | Q(high=incident))
    found = rows.values_list("low_id", "high_id", "kinds")
    return {high if low == incident.pk else low: kinds for low, high, kinds in found}


def _is_dismissed(proposal: Proposal, dismissed: Mapping[int, Collection[str]]) -> bool:
    kinds = dismissed.get(proposal.incident.pk)
    return kinds is not None and set(proposal.kinds) <= set(kinds)


def facts_of(workspace_id: int, incidents: Sequence[Incident]) -> dict[int, Facts]:
    """Return the features of each incident; four statements."""
    ids = [one.pk for one in incidents]
    names: dict[int, set[str]] = {pk: set() for pk in ids}
    affected = AffectedComponent.objects.of(workspace_id).filter(incident_id__in=ids)
    for pk, name in affected.values_list("incident_id", "component__name"):
        names[pk].add(name)
    edges: dict[str, set[str]] = {}
    known = Component.objects.of(workspace_id).filter(name__in=set().union(*names.values()))
    for name, needed in known.exclude(depends_on=None).values_list("name", "depends_on__name"):
        edges.setdefault(name, set()).add(needed)
    essences = {
        row.incident_id: row for row in IncidentEssence.objects.of(workspace_id).filter(incident_id__in=ids)
    }
    changes = _changes(workspace_id, ids)
    return {
        one.pk: Facts(
            one,
            frozenset(names[one.pk]),
            frozenset(needed for name in names[one.pk] for needed in edges.get(name, ())),
            frozenset(essences[one.pk].shapes if one.pk in essences else ()),
            frozenset(essences[one.pk].correlations if one.pk in essences else ()),
            changes.get(one.pk, {}),
        )
        for one in incidents
    }


def _telling(facts: dict[int, Facts], incident: Incident, since: datetime) -> dict[int, Facts]:
    """Leave out the templates shared with `incident` that are common to incidents before `since`."""
    mine = facts[incident.pk].shapes
    shared = {shape for pk, one in facts.items() if pk != incident.pk for shape in mine & one.shapes}
    if not shared:
        return facts
    wanted = sorted(shared)
    given = [incident.workspace_id, since, incident.is_drill, MAX_EARLIER, wanted, wanted, COMMON]
    common = {shape for (shape,) in rows(_COMMON, given)}
    return {pk: replace(one, shapes=one.shapes - common) for pk, one in facts.items()}


def _changes(workspace_id: int, ids: Sequence[int]) -> dict[int, dict[int, str]]:
    """Return incident id -> the changes before it, from the newest rule-based analysis: id -> summary."""
    newest = Analysis.objects.of(workspace_id).filter(incident_id__in=ids, author=Author.OFFLINE)
    rows = newest.order_by("incident_id", "-revision").distinct("incident_id")
    return {
        row.incident_id: {one["id"]: one["summary"] for one in row.cause.get("changes", ()) if "id" in one}
        for row in rows
    }
