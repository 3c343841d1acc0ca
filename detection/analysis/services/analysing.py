"""Analyses an incident: reads its events, applies the rules, and stores the result in the incidents app."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from detection.analysis.categories import Line
from detection.analysis.cause import (
    SHOWN_TEMPLATES,
    changes_before,
    distributions,
    features_of,
    first_failing_of,
    templates_for,
)
from detection.analysis.conclusions import Measured, conclude
from detection.analysis.event_sample import Sample, sample_of
from detection.analysis.templates import MessageTemplate
from detection.evaluation.services.incident_evidence import compute_evidence
from detection.sources.own_keys import masked
from incidents.analysis.draft import AnalysisDraft, IncidentFeatures
from incidents.analysis.models import Analysis
from incidents.analysis.selectors import newest_by_rules
from incidents.analysis.services import record_analysis, record_features
from incidents.links.recording import record_links
from incidents.models import AffectedComponent, Incident, IncidentEvidence
from incidents.vocabulary import IncidentType

MAX_CORRELATIONS: Final = 500


def analyse_incident(workspace_id: int, incident_id: int, *, now: datetime) -> Analysis | None:
    """Write the current analysis of an incident. None if nothing relevant changed. Idempotent.

    A new revision is written when a conclusion changed or the number of events doubled.
    """
    incident = Incident.objects.of(workspace_id).filter(pk=incident_id).first()
    if incident is None:
        return None
    sample = _masked(workspace_id, sample_of(workspace_id, incident_id))
    lines = _lines(incident, sample)
    templates = templates_for(sample.events)
    record_features(workspace_id, incident_id, _essence(templates, incident, lines, sample))
    record_links(workspace_id, incident_id)
    measured = _measured(incident, sample, templates, now)
    draft = conclude(IncidentType(incident.incident_type), lines, measured)
    if not _is_news(newest_by_rules(workspace_id, incident_id), draft):
        return None
    return record_analysis(workspace_id, incident_id, draft)


def _masked(workspace_id: int, sample: Sample) -> Sample:
    """Return the sample with credentials in its messages masked."""
    texts = masked(workspace_id, [event.message for event in sample.events])
    events = [replace(event, message=text) for event, text in zip(sample.events, texts, strict=True)]
    return Sample(events, sample.counted)


def _lines(incident: Incident, sample: Sample) -> list[Line]:
    """Return the lines of the events; for an incident without events, what people wrote about it."""
    if sample.events:
        return [event.line() for event in sample.events]
    words = [incident.title, *incident.description.splitlines()[:50], *incident.impact.splitlines()[:20]]
    return [Line(text) for text in masked(incident.workspace_id, words) if text.strip()]


def _essence(
    templates: Sequence[MessageTemplate], incident: Incident, lines: Sequence[Line], sample: Sample
) -> IncidentFeatures:
    """Return the features for comparing incidents, with the hashes of at most 500 correlation ids."""
    ids = sorted({event.correlation_id for event in sample.events if event.correlation_id})[:MAX_CORRELATIONS]
    hashes = (hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids)
    found = tuple(sorted(int.from_bytes(one, signed=True) for one in hashes))
    return replace(features_of(templates, incident, lines), correlations=found)


def _measured(
    incident: Incident, sample: Sample, templates: Sequence[MessageTemplate], now: datetime
) -> Measured:
    affected = AffectedComponent.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    tiers = list(affected.filter(restored_at=None).values_list("component__tier", flat=True))
    evidence = _evidence(incident, sample, now)
    first = first_failing_of(incident.workspace_id, sample.events)
    until = incident.resolved_at or now
    return Measured(
        events=sample.events,
        evidence=evidence,
        first_source=first.source or "",
        cause={
            **distributions(evidence),
            "first_failing": first.as_json(),
            "templates": [one.as_json() for one in templates[:SHOWN_TEMPLATES]],
            "changes": changes_before(incident),
        },
        minutes=max(0.0, (until - incident.started_at).total_seconds() / 60),
        tiers=tuple(tiers),
    )


def _evidence(incident: Incident, sample: Sample, now: datetime) -> IncidentEvidence | None:
    """Return the recorded figures, computed here if they are not recorded yet."""
    if not sample.events:
        return None
    known = IncidentEvidence.objects.of(incident.workspace_id).filter(incident_id=incident.pk).first()
    first_at, last_at = sample.events[0].occurred_at, sample.events[-1].occurred_at
    return known or compute_evidence(incident.workspace_id, incident.pk, first_at, last_at, now=now)


def _is_news(before: Analysis | None, draft: AnalysisDraft) -> bool:
    if before is None or draft.event_count >= 2 * before.event_count > 0:
        return True
    advice = [one["text"] for one in before.advice]
    decided = (before.category, before.severity, advice, before.cause.get("first_failing"))
    return _conclusions(draft) != decided


def _conclusions(draft: AnalysisDraft) -> tuple[Any, ...]:
    advice = [one.text for one in draft.advice]
    return draft.category, draft.severity, advice, draft.cause.get("first_failing")
