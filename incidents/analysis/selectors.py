"""Queries of the analysis of an incident."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from incidents.analysis.models import Analysis, Author
from incidents.models import Incident


def analysis_of(actor: Actor, incident: Incident) -> Analysis | None:
    """Return the current analysis; None if there is none yet. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return newest_analysis(incident)


def newest_analysis(incident: Incident) -> Analysis | None:
    """Return the newest revision, without a permission check."""
    return next(iter(_newest(incident.workspace_id, incident.pk)), None)


@compiled(int, int)
def _newest(workspace_id: int, incident_id: int) -> QuerySet[Analysis]:
    return Analysis.objects.of(workspace_id).filter(incident_id=incident_id).order_by("-revision")[:1]


def newest_by_rules(workspace_id: int, incident_id: int) -> Analysis | None:
    """Return the newest revision of the built-in rules, on which decisions are based."""
    return next(iter(_newest_by_rules(workspace_id, incident_id, str(Author.OFFLINE))), None)


@compiled(int, int, str)
def _newest_by_rules(workspace_id: int, incident_id: int, author: str) -> QuerySet[Analysis]:
    written = Analysis.objects.of(workspace_id).filter(incident_id=incident_id, author=author)
    newest: QuerySet[Analysis] = written.order_by("-revision")[:1]
    return newest


def offline_analysis(incident: Incident, input_digest: str) -> Analysis | None:
    """Return the revision in which the built-in analyser wrote exactly these conclusions."""
    written = Analysis.objects.of(incident.workspace_id).filter(
        incident_id=incident.pk, author=Author.OFFLINE, input_digest=input_digest
    )
    found: Analysis | None = written.first()
    return found


def revisions_of(actor: Actor, incident: Incident) -> list[Analysis]:
    """Return every revision, newest first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    every = Analysis.objects.of(actor.workspace_id).filter(incident_id=incident.pk)
    return list(every.order_by("-revision")[:200])


def analysis_json(analysis: Analysis | None) -> dict[str, Any] | None:
    """Return the fields of `schemas.AnalysisOut`, or None."""
    if analysis is None:
        return None
    return {
        "revision": analysis.revision,
        "author": analysis.author,
        "author_name": analysis.model or analysis.get_author_display(),
        "category": analysis.category,
        "severity": analysis.severity,
        "severity_reason": analysis.severity_reason,
        "summary": analysis.summary,
        "recommended_actions": analysis.advice,
        "evidence": analysis.evidence,
        "cause": analysis.cause,
        "event_count": analysis.event_count,
        "rules_digest": analysis.rules_digest,
        "sent_text": analysis.sent_text,
        "created_at": analysis.created_at,
    }
