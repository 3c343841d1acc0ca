"""The API of five whys and lessons."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.errors import NotFound
from core.http.link_pagination import known_only
from incidents.lifecycle.api import Reference
from incidents.selectors import incident_for
from postmortems.learning import services
from postmortems.learning.lessons import add_lesson, parse_priority, remove_lesson
from postmortems.learning.models import FiveWhys
from postmortems.learning.rendering import five_whys_json, lesson_json, node_json
from postmortems.learning.selectors import five_whys_of, lessons_page
from postmortems.schemas import (
    FactorIn,
    FiveWhysIn,
    FiveWhysOut,
    LessonIn,
    LessonOut,
    RootCauseIn,
    WhyIn,
    WhyOut,
    WhyPatch,
)

router = Router(tags=["Postmortems"])  # below an incident
lessons_router = Router(tags=["Postmortems"])
postmortem_router = Router(tags=["Postmortems"])
NO_FIELDS = FiveWhysIn.model_validate({})


class WhyReference(Reference):
    """One why of an incident."""

    why_id: int = Field(ge=1, le=2**63 - 1)


class LessonQuery(Schema):
    """Filter of lessons."""

    text: str = Field("", max_length=200, description="Words to search for.")
    category: str = Field("", max_length=60)
    priority: str = Field("", max_length=20)
    incident: str = Field("", max_length=60, description="Lessons of one incident.")


class LessonReference(Schema):
    """One lesson."""

    lesson_id: int = Field(ge=1, le=2**63 - 1)


def _analysis(request: HttpRequest, reference: str) -> dict[str, Any]:
    actor = actor_in(request)
    incident = incident_for(actor, reference)
    found: FiveWhys | None = five_whys_of(actor, incident)
    if found is None:
        raise NotFound(f"{incident.reference} has no five whys analysis yet.")
    return five_whys_json(incident, found)


@router.post("/{reference}/five-whys", response={201: FiveWhysOut}, summary="Start a five whys analysis")
def start(request: HttpRequest, where: Path[Reference], body: FiveWhysIn = NO_FIELDS) -> Any:
    """Idempotent: returns an existing analysis."""
    services.start_five_whys(actor_in(request), where.reference, facilitator=body.facilitator)
    return Status(201, _analysis(request, where.reference))


@router.get("/{reference}/five-whys", response=FiveWhysOut, summary="Get the five whys analysis")
def read(request: HttpRequest, where: Path[Reference]) -> Any:
    """404 if there is none."""
    return _analysis(request, where.reference)


@router.post("/{reference}/five-whys/whys", response={201: WhyOut}, summary="Add a why")
def add(request: HttpRequest, where: Path[Reference], body: WhyIn) -> Any:
    """Below `parent`, else below the last why."""
    node = services.add_why(actor_in(request), where.reference, **body.model_dump())
    return Status(201, node_json(node))


@router.patch("/{reference}/five-whys/whys/{why_id}", response=WhyOut, summary="Answer or change a why")
def answer(request: HttpRequest, where: Path[WhyReference], body: WhyPatch) -> Any:
    """Omitted fields stay as they are."""
    given = body.model_dump(exclude_unset=True)
    return node_json(services.answer_why(actor_in(request), where.reference, where.why_id, **given))


@router.delete("/{reference}/five-whys/whys/{why_id}", response={204: None}, summary="Remove a why")
def remove(request: HttpRequest, where: Path[WhyReference]) -> Any:
    """With everything below it."""
    services.remove_why(actor_in(request), where.reference, where.why_id)
    return Status(204, None)


@router.post("/{reference}/five-whys/root-cause", response=FiveWhysOut, summary="Name a root cause")
def root_cause(request: HttpRequest, where: Path[Reference], body: RootCauseIn) -> Any:
    """Becomes the answer of the last why, or of `why`. There may be several root causes."""
    services.identify_root_cause(
        actor_in(request), where.reference, root_cause=body.root_cause, node=body.why
    )
    return _analysis(request, where.reference)


@router.post("/{reference}/five-whys/factors", response={201: WhyOut}, summary="Add a contributing factor")
def factor(request: HttpRequest, where: Path[Reference], body: FactorIn) -> Any:
    """What made it more likely, larger or longer."""
    node = services.add_factor(actor_in(request), where.reference, **body.model_dump())
    return Status(201, node_json(node))


@router.post("/{reference}/lessons", response={201: LessonOut}, summary="Add a lesson to an incident")
def add_to_incident(request: HttpRequest, where: Path[Reference], body: LessonIn) -> Any:
    """Idempotent: an equal lesson is returned."""
    return Status(201, lesson_json(add_lesson(actor_in(request), where.reference, **body.model_dump())))


@postmortem_router.post(
    "/{reference}/lessons", response={201: LessonOut}, summary="Add a lesson to a postmortem"
)
def add_to_postmortem(request: HttpRequest, where: Path[Reference], body: LessonIn) -> Any:
    """Idempotent: an equal lesson is returned."""
    return add_to_incident(request, where, body)


@lessons_router.get("", response=list[LessonOut], summary="Search lessons")
def search(request: HttpRequest, query: Query[LessonQuery]) -> Any:
    """Best match first with `text`, else newest first; at most 100."""
    known_only(request, ("text", "category", "priority", "incident"))
    actor = actor_in(request)
    incident = incident_for(actor, query.incident) if query.incident else None
    priority = parse_priority(query.priority) if query.priority else ""
    found = lessons_page(
        actor, text=query.text, category=query.category, priority=priority, incident=incident
    )
    return [lesson_json(one) for one in found]


@lessons_router.delete("/{lesson_id}", response={204: None}, summary="Remove a lesson")
def delete(request: HttpRequest, where: Path[LessonReference]) -> Any:
    """Deletes the lesson permanently."""
    remove_lesson(actor_in(request), where.lesson_id)
    return Status(204, None)
