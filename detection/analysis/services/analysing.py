"""Analyses an incident: reads its events, draws conclusions by rules, and hands them to the incidents app."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from detection.analysis.categories import Line
from detection.analysis.conclusions import Measured, conclude
from detection.analysis.event_sample import Sample, sample_of
from detection.evaluation.services.incident_evidence import compute_evidence
from detection.own_keys import masked
from incidents.analysis.draft import AnalysisDraft
from incidents.analysis.models import Analysis
from incidents.analysis.selectors import newest_analysis
from incidents.analysis.services import record_analysis
from incidents.models import AffectedComponent, Incident, IncidentEvidence
from incidents.vocabulary import IncidentType


def analyse_incident(workspace_id: int, incident_id: int, *, now: datetime) -> Analysis | None:
    """Write the analysis of an incident as it is now. None where nothing of note changed. Idempotent.

    A new revision is written when a conclusion changed or the events doubled.
    """
    incident = Incident.objects.of(workspace_id).filter(pk=incident_id).first()
    if incident is None:
        return None
    sample = sample_of(workspace_id, incident_id)
    draft = conclude(
        IncidentType(incident.incident_type),
        _lines(incident, sample),
        _measured(incident, sample, now),
    )
    if not _is_news(newest_analysis(incident), draft):
        return None
    return record_analysis(workspace_id, incident_id, draft)


def _lines(incident: Incident, sample: Sample) -> list[Line]:
    """What the events say; of an incident without events, what people wrote about it."""
    if sample.events:
        lines = [event.line() for event in sample.events]
        texts = masked(incident.workspace_id, [line.message for line in lines])
        return [
            Line(text, line.event_type, line.level, line.source)
            for line, text in zip(lines, texts, strict=True)
        ]
    words = [incident.title, *incident.description.splitlines()[:50], *incident.impact.splitlines()[:20]]
    return [Line(text) for text in masked(incident.workspace_id, words) if text.strip()]


def _measured(incident: Incident, sample: Sample, now: datetime) -> Measured:
    affected = AffectedComponent.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    tiers = list(affected.filter(restored_at=None).values_list("component__tier", flat=True))
    until = incident.resolved_at or now
    return Measured(
        events=sample.events,
        evidence=_evidence(incident, sample, now),
        minutes=max(0.0, (until - incident.started_at).total_seconds() / 60),
        tiers=tuple(tiers),
    )


def _evidence(incident: Incident, sample: Sample, now: datetime) -> IncidentEvidence | None:
    """The recorded figures; computed here where they were not recorded yet."""
    if not sample.events:
        return None
    known = IncidentEvidence.objects.of(incident.workspace_id).filter(incident_id=incident.pk).first()
    first_at, last_at = sample.events[0].occurred_at, sample.events[-1].occurred_at
    return known or compute_evidence(incident.workspace_id, incident.pk, first_at, last_at, now=now)


def _is_news(before: Analysis | None, draft: AnalysisDraft) -> bool:
    if before is None or draft.event_count >= 2 * before.event_count > 0:
        return True
    return _conclusions(draft) != (
        before.category, before.severity, [one["text"] for one in before.advice],
    )  # fmt: skip


def _conclusions(draft: AnalysisDraft) -> tuple[str, str, Sequence[Any]]:
    return draft.category, draft.severity, [one.text for one in draft.advice]
