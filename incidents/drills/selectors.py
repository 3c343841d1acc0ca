"""Queries of drills: the list, one with its participants and score, and who takes part."""

from __future__ import annotations

from typing import Final

from django.db.models import Count, Min, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from incidents.drills.models import Drill, DrillParticipant
from incidents.drills.score import DrillTimes, Measure, score_card
from incidents.models import Incident, IncidentCounter, RoleAssignment, TimelineEntry
from incidents.privacy.selectors import hidden_from
from incidents.sla.services.clocks import clocks_for
from incidents.vocabulary import EntryKind

MAX_DRILLS: Final = 100


def drills_of(actor: Actor) -> list[Drill]:
    """Return the newest drills with the number of participants as `joined`. Raises Forbidden."""
    return list(_seen(actor).annotate(joined=Count("participants")).order_by("-id")[:MAX_DRILLS])


def drill_for(actor: Actor, drill_id: int) -> Drill:
    """Return a drill. Raises NotFound, Forbidden."""
    found: Drill | None = _seen(actor).filter(pk=drill_id).first()
    if found is None:
        raise NotFound("There is no such drill in this workspace.")
    return found


def _seen(actor: Actor) -> QuerySet[Drill]:
    require(actor, Capability.INCIDENTS_READ)
    rows: QuerySet[Drill] = Drill.objects.of(actor.workspace_id).select_related("incident")
    return rows.exclude(incident__in=hidden_from(actor))


def drill_of(incident: Incident) -> Drill | None:
    """Return the drill of an incident, if it was planned as one."""
    if not incident.is_drill:
        return None
    found: Drill | None = Drill.objects.of(incident.workspace_id).filter(incident=incident).first()
    return found


def is_for_drills(incident: Incident) -> bool:
    """Return whether the incident's workspace is for exercises only."""
    found = IncidentCounter.objects.filter(workspace_id=incident.workspace_id, opens_drills=True)
    return bool(found.exists())


def participants_in(drill: Drill) -> list[DrillParticipant]:
    """Return the participants in the order they joined."""
    rows = DrillParticipant.objects.of(drill.workspace_id).filter(drill=drill)
    return list(rows.select_related("user").order_by("id"))


def people_in_drill(workspace_id: int, incident_id: int) -> set[int]:
    """Return ids of the people a drill's incident may notify: participants and role holders."""
    joined = DrillParticipant.objects.of(workspace_id).filter(drill__incident_id=incident_id)
    held = RoleAssignment.objects.of(workspace_id).filter(incident_id=incident_id, ended_at=None)
    return {*joined.values_list("user_id", flat=True), *held.values_list("user_id", flat=True)}


def score_of(incident: Incident) -> list[Measure]:
    """Return the current score card of a drill's incident."""
    updates = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind=EntryKind.UPDATE)
    recovered = [at for at in (incident.mitigated_at, incident.resolved_at) if at is not None]
    course = DrillTimes(
        began_at=incident.detected_at,
        acknowledged_at=incident.acknowledged_at,
        updated_at=updates.aggregate(first=Min("occurred_at"))["first"],
        recovered_at=min(recovered, default=None),
        is_over=not incident.is_unresolved,
    )
    return score_card(course, clocks_for(incident), timezone.now())
