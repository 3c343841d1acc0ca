"""Plans, joins, leaves, starts and cancels drills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict, Forbidden, NotFound
from core.outbox.events import publish
from incidents.correlation.services.opening import declare_incident
from incidents.drills.events import DrillPlanned
from incidents.drills.models import Drill, DrillParticipant
from incidents.drills.selectors import drill_for
from incidents.lifecycle.severity_matrix import default_severity
from incidents.parsing import as_severity, as_type
from incidents.validation import clean_line, clean_text, clean_title

MAX_PARTICIPANTS: Final = 200


@dataclass(frozen=True, slots=True)
class DrillValues:
    """A drill to plan. An empty severity is decided by the severity matrix."""

    title: str
    incident_type: str = "service_down"
    severity: str = ""
    component: str = ""
    brief: str = ""


def plan_drill(actor: Actor, wanted: DrillValues) -> Drill:
    """Plan a drill and invite through the channels for drills. Raises Invalid, Forbidden."""
    require(actor, Capability.INCIDENTS_WRITE)
    kind = as_type(wanted.incident_type)
    severity = as_severity(wanted.severity) if wanted.severity else default_severity(kind)
    drill = Drill(
        workspace_id=actor.workspace_id,
        title=clean_title(wanted.title),
        incident_type=kind,
        severity=severity,
        component=clean_line("component", wanted.component) if wanted.component.strip() else "",
        brief=clean_text("brief", wanted.brief),
        planned_by_id=actor.user_id,
        planned_label=actor.label[:150],
    )
    with transaction.atomic():
        drill.save(force_insert=True)
        _record(actor, drill, "planned")
        publish(DrillPlanned(actor.workspace_id, drill.pk, drill.title, str(severity), actor.label))
    return drill


def join_drill(actor: Actor, drill_id: int) -> Drill:
    """Join: the drill notifies this person. Idempotent. Raises Conflict, Forbidden, NotFound."""
    user_id = _person(actor)
    with transaction.atomic():
        drill = _locked(actor, drill_id)
        people = DrillParticipant.objects.of(actor.workspace_id).filter(drill=drill)
        if people.filter(user_id=user_id).exists():
            return drill
        _refuse_unless(drill, "planned", "running")
        if people.count() >= MAX_PARTICIPANTS:
            raise Conflict(f"A drill has at most {MAX_PARTICIPANTS} participants. Nothing was changed.")
        DrillParticipant.objects.create(workspace_id=actor.workspace_id, drill=drill, user_id=user_id)
        _record(actor, drill, "joined")
        return drill


def leave_drill(actor: Actor, drill_id: int) -> Drill:
    """Leave the drill. Idempotent. Raises Forbidden, NotFound."""
    user_id = _person(actor)
    with transaction.atomic():
        drill = _locked(actor, drill_id)
        rows = DrillParticipant.objects.of(actor.workspace_id).filter(drill=drill, user_id=user_id)
        if rows.delete()[0]:
            _record(actor, drill, "left")
        return drill


def start_drill(actor: Actor, drill_id: int) -> Drill:
    """Open the incident of a drill, marked as one. Raises Conflict unless planned and someone joined."""
    require(actor, Capability.INCIDENTS_WRITE)
    with transaction.atomic():
        drill = _locked(actor, drill_id)
        if drill.state == "running":
            return drill
        _refuse_unless(drill, "planned")
        if not DrillParticipant.objects.of(actor.workspace_id).filter(drill=drill).exists():
            raise Conflict("No one joined this drill yet, so it would notify no one. It was not started.")
        drill.incident = declare_incident(
            actor, title=drill.title, severity=drill.severity, incident_type=drill.incident_type,
            description=drill.brief, components=[drill.component] if drill.component else [],
            is_drill=True, request_key=f"drill:{drill.pk}",
        )  # fmt: skip
        drill.save(update_fields=["incident"])
        _record(actor, drill, "started", incident=["", drill.incident.reference])
        return drill


def cancel_drill(actor: Actor, drill_id: int) -> Drill:
    """Cancel a planned drill. Idempotent. Raises Conflict once it started, Forbidden, NotFound."""
    require(actor, Capability.INCIDENTS_WRITE)
    with transaction.atomic():
        drill = _locked(actor, drill_id)
        if drill.state == "cancelled":
            return drill
        _refuse_unless(drill, "planned")
        drill.cancelled_at = timezone.now()
        drill.save(update_fields=["cancelled_at"])
        _record(actor, drill, "cancelled")
        return drill


def _person(actor: Actor) -> int:
    require(actor, Capability.INCIDENTS_WRITE)
    if actor.user_id is None:
        raise Forbidden("Only a person takes part in a drill; a machine token does not. Nothing was changed.")
    return actor.user_id


def _locked(actor: Actor, drill_id: int) -> Drill:
    drill_for(actor, drill_id)
    rows = Drill.objects.of(actor.workspace_id).select_for_update(of=("self",)).select_related("incident")
    found: Drill | None = rows.filter(pk=drill_id).first()
    if found is None:
        raise NotFound("There is no such drill in this workspace.")
    return found


def _refuse_unless(drill: Drill, *states: str) -> None:
    if drill.state not in states:
        raise Conflict(f"This drill is {drill.state}. Nothing was changed.", extra={"state": drill.state})


def _record(actor: Actor, drill: Drill, done: str, **changes: Any) -> None:
    summary = f"{actor.label} {done} the drill {drill.title}"
    record(actor, action=f"drill.{done}", target=drill, summary=summary, changes=changes)
