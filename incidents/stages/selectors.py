"""Queries of the stages of an incident: plan, times, checklist and output."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from incidents.models import Incident, IncidentEvidence
from incidents.stages.models import ChecklistItem, StageVisit
from incidents.stages.services.entering import plans_for
from incidents.stages.standard import STATUS_WORDS, Item, Plan
from incidents.vocabulary import Stage


def stages_of(actor: Actor, incident: Incident) -> list[dict[str, Any]]:
    """Return every stage in order, as `schemas.StageOut` shows it. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return stages_after_change(incident)


def stages_after_change(incident: Incident) -> list[dict[str, Any]]:
    """Return the same for a caller who was allowed to change the incident but may not read others."""
    workspace_id = incident.workspace_id
    visits = {visit.stage: visit for visit in _visits(workspace_id, incident.pk)}
    items: dict[str, list[dict[str, Any]]] = {}
    for row in _checklist(workspace_id, incident.pk):
        items.setdefault(row.stage, []).append(_item(row))
    plans = plans_for(workspace_id, incident.incident_type)
    shown = [
        _stage(incident, stage, visits.get(stage.value), items.get(stage.value), plans[stage])
        for stage in Stage
    ]
    evidence = next(iter(_evidence(workspace_id, incident.pk)), None)
    shown[0]["output"] = assessment_output(incident, evidence)
    return shown


@compiled(int, int)
def _visits(workspace_id: int, incident_id: int) -> QuerySet[StageVisit]:
    return StageVisit.objects.of(workspace_id).filter(incident_id=incident_id)


@compiled(int, int)
def _checklist(workspace_id: int, incident_id: int) -> QuerySet[ChecklistItem]:
    rows = ChecklistItem.objects.of(workspace_id).filter(incident_id=incident_id)
    return rows.order_by("stage", "position")


@compiled(int, int)
def _evidence(workspace_id: int, incident_id: int) -> QuerySet[IncidentEvidence]:
    return IncidentEvidence.objects.of(workspace_id).filter(incident_id=incident_id)


def _item(row: ChecklistItem) -> dict[str, Any]:
    names = ("position", "text", "kind", "is_required", "criterion", "ticked_at")
    return {name: getattr(row, name) for name in names} | {"ticked_by": row.ticked_label or None}


def _stage(
    incident: Incident,
    stage: Stage,
    visit: StageVisit | None,
    items: list[dict[str, Any]] | None,
    plan: Plan,
) -> dict[str, Any]:
    """Return one stage; before it is entered, with the items of its template."""
    is_entered = visit is not None and visit.entered_at is not None
    if visit is not None and is_entered:
        minutes = [visit.from_minutes, visit.to_minutes]
    else:
        minutes = [plan.from_minutes, plan.to_minutes]
    planned = [_planned(position, item) for position, item in enumerate(plan.items, start=1)]
    return {
        "stage": stage.value,
        "status": STATUS_WORDS[stage],
        "is_current": incident.stage == stage,
        "planned_minutes": minutes,
        "entered_at": visit.entered_at if visit else _opened_at(incident, stage),
        "left_at": visit.left_at if visit else None,
        "skipped_at": visit.skipped_at if visit else None,
        "skip_reason": visit.skip_reason if visit else "",
        "items": items if items is not None else planned,
        "output": None,
    }


def _planned(position: int, item: Item) -> dict[str, Any]:
    """Return a template's item as one that is not done."""
    shown = {"position": position, "text": item.text, "kind": item.kind, "is_required": item.is_required}
    return {**shown, "criterion": item.criterion, "ticked_at": None, "ticked_by": None}


def _opened_at(incident: Incident, stage: Stage) -> Any:
    """Return when the assessment began: its visit is written only when something happens there."""
    return incident.detected_at if stage == Stage.ASSESSMENT else None


def assessment_output(incident: Incident, evidence: IncidentEvidence | None) -> dict[str, Any]:
    """Return the assessment's findings: primary error and source and both distributions."""
    known = evidence or IncidentEvidence()
    return {
        "status": STATUS_WORDS[Stage.ASSESSMENT],
        "assessed_at": known.computed_at if evidence else None,
        "root_cause": {
            "primary_error_type": known.primary_type or None,
            "primary_source": known.primary_source or None,
            "error_distribution": known.error_distribution,
            "source_distribution": known.source_distribution,
        },
    }
