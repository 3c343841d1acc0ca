"""Stores analyses of incidents."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.outbox.events import publish
from incidents.analysis.draft import MAX_ESSENCE_CHARS, AnalysisDraft, IncidentFeatures, ModelText
from incidents.analysis.models import Analysis, Author, IncidentEssence
from incidents.analysis.selectors import newest_analysis, offline_analysis
from incidents.events import IncidentAnalysed
from incidents.models import Incident


def record_analysis(workspace_id: int, incident_id: int, draft: AnalysisDraft) -> Analysis | None:
    """Store conclusions of the built-in analyser as a new revision, and set the incident's category.

    Idempotent: conclusions that were stored before create no revision. Returns None if this workspace has no
    such incident. Publishes `incident.analysed`.
    """
    with transaction.atomic():
        locked = Incident.objects.of(workspace_id).select_for_update(no_key=True, of=("self",))
        incident = locked.filter(pk=incident_id).first()
        if incident is None:
            return None
        digest = draft.digest()
        if (same := offline_analysis(incident, digest)) is not None:
            return same
        newest = newest_analysis(incident)
        made = Analysis(
            workspace_id=workspace_id,
            incident_id=incident_id,
            revision=newest.revision + 1 if newest else 1,
            input_digest=digest,
            **_fields(draft),
        )
        made.save(force_insert=True)
        _set_category(workspace_id, incident, draft)
        publish(
            IncidentAnalysed(
                workspace_id, incident.pk, incident.number, incident.version, draft.category, made.revision
            )
        )
        return made


def record_model_text(workspace_id: int, incident_id: int, text: ModelText) -> Analysis | None:
    """Store text of a language model as a new revision. Only text changes.

    Severity, evidence, cause and the advice are those of the built-in analysis it was sent; its ranking
    reorders the advice. The incident's own category stays. Returns None if that analysis is no longer the
    newest one, or this workspace has no such incident. Publishes `incident.analysed`.
    """
    with transaction.atomic():
        locked = Incident.objects.of(workspace_id).select_for_update(no_key=True, of=("self",))
        incident = locked.filter(pk=incident_id).first()
        shown = newest_analysis(incident) if incident else None
        if incident is None or shown is None or (shown.revision, shown.author) != (text.revision, "offline"):
            return None
        made = _as_revision(shown, text)
        made.save(force_insert=True)
        category = str(incident.category)
        publish(
            IncidentAnalysed(
                workspace_id, incident.pk, incident.number, incident.version, category, made.revision
            )
        )
        return made


def _as_revision(shown: Analysis, text: ModelText) -> Analysis:
    first = [place - 1 for place in text.ranking if 0 < place <= len(shown.advice)]
    rest = [place for place in range(len(shown.advice)) if place not in first]
    return Analysis(
        workspace_id=shown.workspace_id,
        incident_id=shown.incident_id,
        revision=shown.revision + 1,
        author=Author.MODEL,
        model=text.model,
        rules_digest=shown.rules_digest,
        category=text.category,
        severity=shown.severity,
        severity_reason=shown.severity_reason,
        summary=text.summary,
        advice=[shown.advice[place] for place in [*dict.fromkeys(first), *rest]],
        evidence=shown.evidence,
        cause=shown.cause,
        event_count=shown.event_count,
        sent_text=text.sent,
        input_digest=hashlib.sha256(text.sent.encode()).hexdigest(),
    )


def _fields(draft: AnalysisDraft) -> dict[str, Any]:
    fields: dict[str, Any] = {f.name: getattr(draft, f.name) for f in dataclasses.fields(draft)}
    return fields | {
        "advice": [dataclasses.asdict(one) for one in draft.advice],
        "evidence": list(draft.evidence),
    }


def _set_category(workspace_id: int, incident: Incident, draft: AnalysisDraft) -> None:
    if incident.category != draft.category:
        same = Incident.objects.of(workspace_id).filter(pk=incident.pk)
        same.update(category=draft.category, updated_at=timezone.now())


def record_features(workspace_id: int, incident_id: int, essence: IncidentFeatures) -> None:
    """Store the features of the incident, replacing earlier ones. Idempotent.

    Does nothing if this workspace has no such incident.
    """
    if not Incident.objects.of(workspace_id).filter(pk=incident_id).exists():
        return
    row = IncidentEssence(
        workspace_id=workspace_id,
        incident_id=incident_id,
        shapes=list(essence.shapes),
        essence=essence.words[:MAX_ESSENCE_CHARS],
        correlations=list(essence.correlations),
    )
    IncidentEssence.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["incident"],
        update_fields=["shapes", "essence", "correlations"],
    )
