"""API of the stages of an incident and of their templates."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import actor_in
from incidents.lifecycle.api import Reference
from incidents.parsing import as_stage, as_type
from incidents.selectors import incident_for
from incidents.stages.schemas import StageOut, TemplateIn, TemplateOut, TickIn
from incidents.stages.selectors import stages_after_change, stages_of
from incidents.stages.services.checklists import change_template, tick_item
from incidents.stages.services.entering import plan_for, plans_for
from incidents.stages.standard import Item
from incidents.vocabulary import Stage

router = Router(tags=["Incidents"])
template_router = Router(tags=["Incidents"])


class ItemReference(Reference):
    """One item of one stage's checklist."""

    stage: str = Field(max_length=40)
    position: int = Field(ge=1, le=1000)


class TypeQuery(Schema):
    """An incident type; empty: every type without a template of its own."""

    type: str = Field("", max_length=60)


class StageReference(Schema):
    """One stage by name or alias."""

    stage: str = Field(max_length=40)


@router.get("/{reference}/stages", response=list[StageOut], summary="Stages of the response")
def stages(request: HttpRequest, where: Path[Reference]) -> Any:
    """List all stages with their plan, times, checklist and output."""
    actor = actor_in(request)
    return stages_of(actor, incident_for(actor, where.reference))


@router.put(
    "/{reference}/stages/{stage}/items/{position}", response=list[StageOut], summary="Tick a checklist item"
)
def tick(request: HttpRequest, where: Path[ItemReference], body: TickIn) -> Any:
    """Mark a checklist item done or, with `ticked` false, not done (idempotent)."""
    actor = actor_in(request)
    incident = tick_item(
        actor, number=where.reference, stage=where.stage, position=where.position, ticked=body.ticked
    )
    return stages_after_change(incident)


@template_router.get("", response=list[TemplateOut], summary="Stage templates")
def templates(request: HttpRequest, query: Query[TypeQuery]) -> Any:
    """Return checklist and planned minutes of every stage for a type."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)
    kind = as_type(query.type).value if query.type else ""
    plans = plans_for(actor.workspace_id, kind)
    return [_template(stage, plans[stage]) for stage in Stage]


@template_router.put("/{stage}", response=TemplateOut, summary="Change a stage template")
def put_template(
    request: HttpRequest, where: Path[StageReference], query: Query[TypeQuery], body: TemplateIn
) -> Any:
    """Change a stage template. Incidents that entered the stage before keep their copy."""
    items = [Item(i.text, i.kind, i.is_required, i.criterion) for i in body.items]
    actor = actor_in(request)
    minutes = {"from_minutes": body.from_minutes, "to_minutes": body.to_minutes}
    change_template(actor, stage=where.stage, incident_type=query.type, items=items, **minutes)
    kind, stage = as_type(query.type).value if query.type else "", as_stage(where.stage)
    return _template(stage, plan_for(actor.workspace_id, kind, stage))


def _template(stage: Stage, plan: Any) -> dict[str, Any]:
    items = [
        {"text": i.text, "kind": i.kind, "is_required": i.is_required, "criterion": i.criterion}
        for i in plan.items
    ]
    minutes = {"from_minutes": plan.from_minutes, "to_minutes": plan.to_minutes}
    return {"stage": stage.value, **minutes, "items": items}
