"""Records which stages an incident enters, leaves and skips, and copies their checklists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from incidents.lifecycle.models import Incident
from incidents.stages.models import ChecklistItem, StageTemplate, StageVisit
from incidents.stages.standard import STANDARD, Item, Plan
from incidents.vocabulary import Stage

ORDER: Final = list(Stage)


def plan_for(workspace_id: int, incident_type: str, stage: Stage) -> Plan:
    """The template of the type, else that of every type, else the standard one."""
    return plans_for(workspace_id, incident_type)[stage]


def plans_for(workspace_id: int, incident_type: str) -> dict[Stage, Plan]:
    """`plan_for` of every stage, in one statement."""
    rows = StageTemplate.objects.of(workspace_id).filter(incident_type__in=["", str(incident_type)])
    plans = dict(STANDARD)
    for found in rows.order_by("incident_type"):  # that of the type after that of every type
        items = tuple(Item(**item) for item in found.items)
        plans[Stage(found.stage)] = Plan(found.from_minutes, found.to_minutes, items)
    return plans


def enter_stage(incident: Incident, at: datetime, *, left: Stage | None = None) -> None:
    """Record that the incident's stage was entered, and `left` was left; copy its checklist. Idempotent."""
    visits = StageVisit.objects.of(incident.workspace_id).filter(incident=incident)
    if left is not None:
        _visit(incident, left, incident.detected_at if left == Stage.ASSESSMENT else at)
        visits.filter(stage=left).update(left_at=at)
    stage = Stage(incident.stage)
    _visit(incident, stage, incident.detected_at if stage == Stage.ASSESSMENT else at)
    visits.filter(stage=stage, entered_at=None).update(entered_at=at)
    visits.filter(stage=stage).update(left_at=None, skipped_at=None)


def _visit(incident: Incident, stage: Stage, at: datetime) -> None:
    """The row of a visit and the items of its checklist, made once."""
    plan = plan_for(incident.workspace_id, incident.incident_type, stage)
    minutes = {"from_minutes": plan.from_minutes, "to_minutes": plan.to_minutes}
    given = {"workspace_id": incident.workspace_id, "entered_at": at, **minutes}
    visits = StageVisit.objects.of(incident.workspace_id)
    visits.get_or_create(incident=incident, stage=stage, defaults=given)
    _copy(incident, stage, plan.items)


def skip_stages(incident: Incident, stages: Iterable[Stage], reason: str, at: datetime) -> None:
    """Record that these stages were left out, and why."""
    given = {"skipped_at": at, "skip_reason": reason}
    for stage in stages:
        visits = StageVisit.objects.of(incident.workspace_id)
        where: dict[str, Any] = {"workspace_id": incident.workspace_id, "incident": incident, "stage": stage}
        visits.update_or_create(**where, defaults=given)


def skipped_between(incident: Incident, before: Stage, after: Stage) -> list[Stage]:
    """Stages that a move jumps over and that the incident was never in."""
    passed = ORDER[ORDER.index(before) + 1 : ORDER.index(after)]
    visits = StageVisit.objects.of(incident.workspace_id).filter(incident=incident)
    seen = set(visits.filter(entered_at__isnull=False).values_list("stage", flat=True))
    return [stage for stage in passed if stage.value not in seen]


def _copy(incident: Incident, stage: Stage, items: Iterable[Item]) -> None:
    rows = [
        ChecklistItem(
            workspace_id=incident.workspace_id,
            incident=incident,
            stage=stage,
            position=position,
            text=item.text,
            kind=item.kind,
            is_required=item.is_required,
            criterion=item.criterion,
        )
        for position, item in enumerate(items, start=1)
    ]
    ChecklistItem.objects.of(incident.workspace_id).bulk_create(rows, ignore_conflicts=True)
