"""The known parts of the root cause of an incident, with evidence, as the analysis stores them.

`primary_error_type`, `primary_source`, `error_distribution`, `source_distribution`, `first_failing`,
`templates`, `changes` and `similar`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import timedelta
from typing import Any, Final

from detection.analysis.categories import Line
from detection.analysis.event_sample import SampledEvent
from detection.analysis.first_failing import FailingSource, FirstFailing, first_failing
from detection.analysis.templates import MessageTemplate, templates_of
from detection.models import ChangeEvent, Level
from incidents.analysis.draft import IncidentFeatures
from incidents.components.dependency_graph import names_it_depends_on
from incidents.models import AffectedComponent, Incident, IncidentEvidence

BEFORE: Final = timedelta(minutes=60)
SHOWN_TEMPLATES, SHOWN_CHANGES = 8, 5
MAX_SHAPES: Final = 200


def failing_sources(events: Sequence[SampledEvent]) -> dict[str, FailingSource]:
    """Return the sources with errors; if there are none, those with warnings."""
    for least in (Level.ERROR, Level.WARNING):
        found: dict[str, FailingSource] = {}
        for event in events:
            if event.level >= least:
                known = found.get(event.source)
                found[event.source] = FailingSource(
                    known.first_at if known else event.occurred_at, known.errors + 1 if known else 1
                )
        if found:
            return found
    return {}


def first_failing_of(workspace_id: int, events: Sequence[SampledEvent]) -> FirstFailing:
    """Return the first failing source along the dependencies of the workspace's components."""
    failing = failing_sources(events)
    edges: Mapping[str, Set[str]] = (
        names_it_depends_on(workspace_id, list(failing)) if len(failing) > 1 else {}
    )
    return first_failing(failing, edges)


def templates_for(events: Sequence[SampledEvent]) -> list[MessageTemplate]:
    """Return the templates of the relevant events: errors and warnings, or all if there are none."""
    bad = [event for event in events if event.level >= Level.WARNING]
    return templates_of(bad or events)


def changes_before(incident: Incident) -> list[dict[str, Any]]:
    """Return changes of the affected components and their dependencies in the hour before; nearest first."""
    affected = AffectedComponent.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    own = list(affected.values_list("component__name", flat=True))
    edges = names_it_depends_on(incident.workspace_id, own) if own else {}
    names = {*own, *(name for needed in edges.values() for name in needed)}
    rows = ChangeEvent.objects.of(incident.workspace_id).filter(
        component__in=names, occurred_at__range=(incident.started_at - BEFORE, incident.started_at)
    )
    return [
        {
            "id": change.pk,
            "kind": change.kind,
            "summary": change.summary[:300],
            "component": change.component,
            "version": change.change_version,
            "seconds_before": round((incident.started_at - change.occurred_at).total_seconds()),
            "is_own": change.component in own,
        }
        for change in rows.order_by("-occurred_at", "-id")[:SHOWN_CHANGES]
    ]


def distributions(evidence: IncidentEvidence | None) -> dict[str, Any]:
    """Return primary type and source with both distributions; empty for an incident without events."""
    return {
        "primary_error_type": evidence.primary_type if evidence else "",
        "primary_source": evidence.primary_source if evidence else "",
        "error_distribution": evidence.error_distribution if evidence else {},
        "source_distribution": evidence.source_distribution if evidence else {},
    }


def features_of(
    templates: Sequence[MessageTemplate], incident: Incident, lines: Sequence[Line]
) -> IncidentFeatures:
    """Return the features for comparing incidents: all shapes, and the words of the most common templates."""
    shapes = [shape for template in templates for shape in template.shapes]
    words = [one.text for one in templates[:SHOWN_TEMPLATES]] or [
        line.message for line in lines[:SHOWN_TEMPLATES]
    ]
    return IncidentFeatures(tuple(sorted(shapes[:MAX_SHAPES])), " ".join([incident.title, *words]))
