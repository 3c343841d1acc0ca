"""Five whys and lessons as JSON."""

from __future__ import annotations

from typing import Any

from incidents.models import Incident
from postmortems.learning.models import FactorNode, FiveWhys, Lesson
from postmortems.learning.selectors import factor_nodes_of
from postmortems.learning.tree import contributing, root_causes, why_steps


def five_whys_json(incident: Incident, analysis: FiveWhys) -> dict[str, Any]:
    """The fields of `schemas.FiveWhysOut`."""
    nodes = factor_nodes_of(incident)
    return {
        "id": incident.reference,
        "incident_id": incident.reference,
        "facilitator": analysis.facilitator.username if analysis.facilitator else None,
        "version": analysis.version,
        "whys": [node_json(step.node) for step in why_steps(nodes)],
        "root_causes": root_causes(nodes),
        "contributing_factors": contributing(nodes),
        "started_at": analysis.started_at,
        "finished_at": analysis.finished_at,
    }


def node_json(node: FactorNode) -> dict[str, Any]:
    """The fields of `schemas.WhyOut`."""
    return {
        "id": node.pk,
        "parent": node.parent_id,
        "kind": node.kind,
        "question": node.question,
        "answer": node.answer,
        "answered_by": node.answered_by_label or None,
        "is_root_cause": node.is_root_cause,
    }


def lesson_json(lesson: Lesson) -> dict[str, Any]:
    """The fields of `schemas.LessonOut`."""
    return {
        "id": lesson.pk,
        "incident_id": lesson.incident.reference,
        "lesson": lesson.lesson,
        "priority": lesson.priority,
        "category": lesson.category,
        "component": lesson.component.name if lesson.component else None,
        "author": lesson.author_label,
        "created_at": lesson.created_at,
    }
