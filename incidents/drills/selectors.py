"""Reads drills: the list, one with its people and its score, and who takes part."""

from __future__ import annotations

from typing import Final

from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from incidents.drills.models import Drill, DrillParticipant
from incidents.drills.score import Course, Measure, score_card
from incidents.models import Incident, IncidentCounter, RoleAssignment, TimelineEntry
from incidents.privacy.selectors import hidden_from
from incidents.sla.services.clocks import clocks_for
from incidents.vocabulary import EntryKind

MAX_DRILLS: Final = 100


def drills_of(actor: Actor) -> list[Drill]:
    """The newest drills, with `joined` people each. Raises Forbidden."""
    return list(_seen(actor).annotate(joined=Count("participants")).order_by("-id")[:MAX_DRILLS])


def drill_for(actor: Actor, drill_id: int) -> Drill:
    """Raises NotFound, Forbidden."""
    found: Drill | None = _seen(actor).filter(pk=drill_id).first()
    if found is None:
        raise NotFound("There is no such drill in this workspace.")
    return found


def _seen(actor: Actor) -> QuerySet[Drill]:
    require(actor, Capability.INCIDENTS_READ)
    rows: QuerySet[Drill] = Drill.objects.of(actor.workspace_id).select_related("incident")
    return rows.exclude(incident__in=hidden_from(actor))


def drill_of(incident: Incident) -> Drill | None:
    """The drill to which an incident belongs, if it was planned as one."""
    if not incident.is_drill:
        return None
    found: Drill | None = Drill.objects.of(incident.workspace_id).filter(incident=incident).first()
    return found


def is_for_drills(incident: Incident) -> bool:
    """Whether everything in the incident's workspace is an exercise."""
    found = IncidentCounter.objects.filter(workspace_id=incident.workspace_id, opens_drills=True)
    return bool(found.exists())


def participants_in(drill: Drill) -> list[DrillParticipant]:
    """Who joined, first come first."""
    rows = DrillParticipant.objects.of(drill.workspace_id).filter(drill=drill)
    return list(rows.select_related("user").order_by("id"))


def people_in_drill(workspace_id: int, incident_id: int) -> set[int]:
    """Ids of the people a drill's incident may notify: who joined it, and who holds a role in it."""
    joined = DrillParticipant.objects.of(workspace_id).filter(drill__incident_id=incident_id)
    held = RoleAssignment.objects.of(workspace_id).filter(incident_id=incident_id, ended_at=None)
    return {*joined.values_list("user_id", flat=True), *held.values_list("user_id", flat=True)}


def score_of(incident: Incident) -> list[Measure]:
    """The score card of a drill's incident as it stands."""
    updates = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind=EntryKind.UPDATE)
    recovered = [at for at in (incident.mitigated_at, incident.resolved_at) if at is not None]
    course = Course(
        began_at=incident.detected_at,
        acknowledged_at=incident.acknowledged_at,
        updated_at=updates.aggregate(first=Min("occurred_at"))["first"],
        recovered_at=min(recovered, default=None),
        is_over=not incident.is_unresolved,
    )
    return score_card(course, clocks_for(incident), timezone.now())
