"""Records which stages an incident enters, leaves and skips, and copies their checklists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from core.sql.compiled_queries import compiled
from incidents.lifecycle.models import Incident
from incidents.stages.models import ChecklistItem, StageTemplate, StageVisit
from incidents.stages.standard import STANDARD, Item, Plan
from incidents.vocabulary import Stage

ORDER: Final = list(Stage)


def plan_for(workspace_id: int, incident_type: str, stage: Stage) -> Plan:
    """Return the template of the type, else that of every type, else the default one."""
    return plans_for(workspace_id, incident_type)[stage]


def plans_for(workspace_id: int, incident_type: str) -> dict[Stage, Plan]:
    """`plan_for` of every stage, in one statement."""
    plans = dict(STANDARD)
    for found in _templates(workspace_id, str(incident_type)):  # the type's own after the one for every type
        items = tuple(Item(**item) for item in found.items)
        plans[Stage(found.stage)] = Plan(found.from_minutes, found.to_minutes, items)
    return plans


@compiled(int, str)
def _templates(workspace_id: int, incident_type: str) -> QuerySet[StageTemplate]:
    rows = StageTemplate.objects.of(workspace_id).filter(Q(incident_type="") | Q(incident_type=incident_type))
    return rows.order_by("incident_type")


def enter_stage(incident: Incident, at: datetime, *, left: Stage | None = None) -> None:
    """Record that the incident's stage was entered, and `left` was left; copy their checklists. Idempotent.

    Four statements: it is part of every change of a stage, also of many incidents at once.
    """
    stage = Stage(incident.stage)
    stages = [stage] if left is None else [left, stage]
    plans = plans_for(incident.workspace_id, incident.incident_type)
    visits = StageVisit.objects.of(incident.workspace_id)
    visits.bulk_create([_visit(incident, one, plans[one], at) for one in stages], ignore_conflicts=True)
    items = [row for one in stages for row in _items(incident, one, plans[one].items)]
    ChecklistItem.objects.of(incident.workspace_id).bulk_create(items, ignore_conflicts=True)
    is_entered = Q(stage=stage)
    visits.filter(incident=incident, stage__in=stages).update(
        entered_at=Case(When(is_entered, then=Coalesce("entered_at", Value(at))), default="entered_at"),
        left_at=Case(When(is_entered, then=None), default=Value(at)),
        skipped_at=Case(When(is_entered, then=None), default="skipped_at"),
    )


def _visit(incident: Incident, stage: Stage, plan: Plan, at: datetime) -> StageVisit:
    return StageVisit(
        workspace_id=incident.workspace_id,
        incident=incident,
        stage=stage,
        entered_at=incident.detected_at if stage == Stage.ASSESSMENT else at,
        from_minutes=plan.from_minutes,
        to_minutes=plan.to_minutes,
    )


def skip_stages(incident: Incident, stages: Iterable[Stage], reason: str, at: datetime) -> None:
    """Record that these stages were skipped, and why."""
    given = {"skipped_at": at, "skip_reason": reason}
    for stage in stages:
        visits = StageVisit.objects.of(incident.workspace_id)
        where: dict[str, Any] = {"workspace_id": incident.workspace_id, "incident": incident, "stage": stage}
        visits.update_or_create(**where, defaults=given)


def skipped_between(incident: Incident, before: Stage, after: Stage) -> list[Stage]:
    """Return the stages that a move skips and that the incident was never in."""
    passed = ORDER[ORDER.index(before) + 1 : ORDER.index(after)]
    visits = StageVisit.objects.of(incident.workspace_id).filter(incident=incident)
    seen = set(visits.filter(entered_at__isnull=False).values_list("stage", flat=True))
    return [stage for stage in passed if stage.value not in seen]


def _items(incident: Incident, stage: Stage, items: Iterable[Item]) -> list[ChecklistItem]:
    return [
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
