"""Draws conclusions from an incident's lines and figures: the draft of its analysis. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from detection.analysis.advice import advise
from detection.analysis.categories import Line, Verdict, categorize, rules_digest
from detection.analysis.event_sample import SampledEvent
from detection.analysis.severity import suggest_severity
from detection.analysis.summary import Facts, cut, summarize
from detection.ingest.parsing import DEFAULT_TYPE
from detection.rules.event_types import facts_in
from incidents.analysis.draft import AnalysisDraft
from incidents.lifecycle.severity_matrix import DURATION, Fact, worst_facts
from incidents.models import IncidentEvidence
from incidents.vocabulary import IncidentType

MAX_EVIDENCE_CHARS = 500


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of an incident: its sampled events, the evidence, its duration, its components' tiers.

    first_source: the source that failed first, "" if unknown. cause: as it is stored.
    """

    events: Sequence[SampledEvent] = ()
    evidence: IncidentEvidence | None = None
    minutes: float = 0.0
    tiers: tuple[int, ...] = ()
    first_source: str = ""
    cause: Mapping[str, Any] = field(default_factory=dict)


def conclude(incident_type: IncidentType, lines: Sequence[Line], measured: Measured) -> AnalysisDraft:
    """Return category, severity, summary and advice with their evidence."""
    facts = _facts(measured)
    verdict = categorize(lines, measured.first_source if len(facts.sources) > 1 else "")
    severity, reason = suggest_severity(incident_type, verdict.category, _metrics(measured), measured.tiers)
    return AnalysisDraft(
        category=verdict.category,
        severity=severity,
        severity_reason=cut(reason, 300),
        summary=summarize(facts, verdict),
        advice=advise(incident_type, verdict.category),
        evidence=_evidence(verdict),
        cause=measured.cause,
        event_count=facts.event_count,
        rules_digest=rules_digest(),
    )


def _metrics(measured: Measured) -> dict[str, Fact]:
    measured_facts = worst_facts(facts_in(event.metadata) for event in measured.events if event.metadata)
    return {**measured_facts, DURATION: round(measured.minutes)}


def _facts(measured: Measured) -> Facts:
    found = measured.evidence
    if found is None or not measured.events:
        return Facts()
    return Facts(
        event_count=found.event_count,
        error_count=found.error_count,
        sources=found.source_distribution,
        primary_type="" if found.primary_type == DEFAULT_TYPE else found.primary_type,
        first_source=measured.first_source,
        lasted=measured.events[-1].occurred_at - measured.events[0].occurred_at or timedelta(seconds=1),
    )


def _evidence(verdict: Verdict) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "rule": one.rule,
            "why": one.why,
            "line": cut(one.line, MAX_EVIDENCE_CHARS),
            "source": one.source,
        }
        for one in verdict.evidence
    )
