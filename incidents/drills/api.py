"""The API of drills."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.permissions import Capability, require
from accounts.schemas import Body
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from incidents.drills.models import Drill
from incidents.drills.selectors import drill_for, drills_of, participants_in, score_of
from incidents.drills.services import (
    DrillValues,
    cancel_drill,
    join_drill,
    leave_drill,
    plan_drill,
    start_drill,
)

router = Router(tags=["Drills"])


class DrillPath(Schema):
    """A drill by id."""

    drill_id: int = Field(ge=1, le=2**63 - 1)


class DrillIn(Body):
    """A drill to plan. Its incident opens when it is started."""

    title: Annotated[str, Field(max_length=200)]
    incident_type: Annotated[str, Field(max_length=40)] = "service_down"
    severity: Annotated[str, Field(max_length=10, description="Empty: usual for the type.")] = ""
    component: Annotated[str, Field(max_length=200)] = ""
    brief: Annotated[
        str, Field(max_length=20_000, description="Briefing shown to participants when it starts.")
    ] = ""


class MeasureOut(Schema):
    """One row of the score card."""

    name: str = Field(description="`acknowledge`, `first_update` or `recovery`.")
    target_s: int | None = Field(description="The SLA target in seconds; null: none is set.")
    took_s: int | None = Field(description="What it took in seconds; null: it did not happen yet.")
    verdict: str = Field(description="`met`, `late`, `missed` or `open`.")


class DrillOut(Schema):
    """A drill with its participants and its score so far."""

    id: int
    title: str
    incident_type: str
    severity: str
    component: str
    brief: str
    state: str = Field(description="`planned`, `running`, `over` or `cancelled`.")
    incident: str = Field(description="Reference of its incident; empty until it is started.")
    participants: list[str] = Field(description="User names of the people who joined.")
    score: list[MeasureOut] = Field(description="Empty until it is started.")
    created_at: datetime


def drill_json(drill: Drill) -> dict[str, Any]:
    """Return the fields of `DrillOut`."""
    names = ("title", "incident_type", "severity", "component", "brief", "state", "created_at")
    card = score_of(drill.incident) if drill.incident else []
    return {name: getattr(drill, name) for name in names} | {
        "id": drill.pk,
        "incident": drill.incident.reference if drill.incident else "",
        "participants": [one.user.username for one in participants_in(drill)],
        "score": [{name: getattr(one, name) for name in MeasureOut.model_fields} for one in card],
    }


def _changed(request: HttpRequest, drill: Drill) -> dict[str, Any]:
    return drill_json(drill_for(actor_in(request), drill.pk))


@router.get("", response=list[DrillOut], summary="List drills")
def list_drills(request: HttpRequest) -> Any:
    """List the newest hundred drills."""
    known_only(request, ())
    return [drill_json(one) for one in drills_of(actor_in(request))]


@router.post("", response={201: DrillOut}, summary="Plan a drill")
def plan(request: HttpRequest, body: DrillIn) -> Any:
    """Plan a drill, inviting through the channels for drills. Only people who join are notified later."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)  # needed for the response; checked before anything is changed
    return Status(201, _changed(request, plan_drill(actor, DrillValues(**body.model_dump()))))


@router.get("/{drill_id}", response=DrillOut, summary="Get a drill")
def show(request: HttpRequest, where: Path[DrillPath]) -> Any:
    """Return its participants and score: times to acknowledge, to the first update and to recovery."""
    known_only(request, ())
    return drill_json(drill_for(actor_in(request), where.drill_id))


@router.post("/{drill_id}/join", response=DrillOut, summary="Join a drill")
def join(request: HttpRequest, where: Path[DrillPath]) -> Any:
    """Join a drill as a person, also with a personal token. Idempotent."""
    require(actor_in(request), Capability.INCIDENTS_READ)
    return _changed(request, join_drill(actor_in(request), where.drill_id))


@router.post("/{drill_id}/leave", response=DrillOut, summary="Leave a drill")
def leave(request: HttpRequest, where: Path[DrillPath]) -> Any:
    """Leave a drill, which then no longer notifies you. Idempotent."""
    require(actor_in(request), Capability.INCIDENTS_READ)
    return _changed(request, leave_drill(actor_in(request), where.drill_id))


@router.post("/{drill_id}/start", response=DrillOut, summary="Start a drill")
def start(request: HttpRequest, where: Path[DrillPath]) -> Any:
    """Start a drill: opens its incident, marked as a drill. 409 while there are no participants."""
    require(actor_in(request), Capability.INCIDENTS_READ)
    return _changed(request, start_drill(actor_in(request), where.drill_id))


@router.post("/{drill_id}/cancel", response=DrillOut, summary="Cancel a drill")
def cancel(request: HttpRequest, where: Path[DrillPath]) -> Any:
    """Cancel a drill that has not started."""
    require(actor_in(request), Capability.INCIDENTS_READ)
    return _changed(request, cancel_drill(actor_in(request), where.drill_id))
