"""Incidents as JSON, the same in every API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from incidents.links.selectors import Related
from incidents.models import EntryAmendment, Incident, TimelineEntry
from incidents.timeline.selectors import Act

_AS_THEY_ARE: Final = (
    "number", "title", "description", "severity", "incident_type", "category", "status", "stage",
    "event_count", "started_at", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at", "closed_at",
    "last_event_at", "acknowledge_due_at", "update_due_at", "resolve_due_at", "impact", "root_cause",
    "users_impacted", "labels", "metadata", "is_drill", "is_private", "source", "version", "reference",
)  # fmt: skip


def incident_json(incident: Incident) -> dict[str, Any]:
    """Return the fields of `schemas.IncidentOut`, from an incident read with its details by a selector."""
    names = list(getattr(incident, "component_names", ()))
    return {name: getattr(incident, name) for name in _AS_THEY_ARE} | {
        "id": incident.number,
        "incident_id": incident.reference,
        "service": names[0] if names else None,
        "affected_components": names,
        "assigned_to": getattr(incident, "commander_username", None),
        "acknowledged_by": incident.acknowledged_label or None,
        "sla_breached": getattr(incident, "is_sla_breached", False),
        "project": incident.labels.get("project"),
        "mttd": _seconds(incident.started_at, incident.detected_at),
        "mtta": _seconds(incident.detected_at, incident.acknowledged_at),
        "mttr": _seconds(incident.detected_at, incident.resolved_at),
        "url": f"{settings.BASE_URL}/incidents/{incident.number}",
    }


def entry_json(entry: TimelineEntry) -> dict[str, Any]:
    """Return the fields of `schemas.EntryOut`."""
    return {
        "id": entry.pk,
        "kind": entry.kind,
        "message": entry.text,
        "is_public": entry.is_shown_publicly,
        "author": entry.author_label,
        "occurred_at": entry.occurred_at,
        "pinned_at": entry.pinned_at,
        "time_corrected_at": entry.time_corrected_at,
        "amendments": entry.amendment_count,
        "withdrawn_at": entry.withdrawn_at,
        "data": entry.data,
    }


def amendments_json(entry: TimelineEntry, amendments: Iterable[EntryAmendment]) -> list[dict[str, Any]]:
    """Return the fields of `schemas.AmendmentOut`, the original text at the end."""
    first = {"number": 0, "kind": "written", "message": entry.message, "by": entry.author_label}
    rows = [
        {"number": a.number, "kind": a.kind, "message": a.message, "by": a.by_label, "at": a.at}
        for a in amendments
    ]
    return [*rows, first | {"at": entry.created_at}]


def act_json(act: Act) -> dict[str, Any]:
    """Return the fields of `timeline.schemas.ActOut`."""
    if act.entry is not None:
        entry = act.entry
        words = {"id": entry.pk, "by": entry.author_label, "kind": entry.kind, "message": entry.text}
        return {"source": "timeline", "at": act.at, "changes": {}, **words}
    if act.audit is None:
        raise ValueError("an act is of the timeline or of the audit trail")
    row = act.audit
    words = {"id": row.pk, "by": row.actor_label, "kind": row.action, "message": row.summary}
    return {"source": "audit", "at": act.at, "changes": row.changes, **words}


def related_json(related: Related) -> dict[str, Any]:
    """Return the fields of `timeline.schemas.RelatedOut`."""
    lists = {name: getattr(related, name) for name in ("linked", "earlier", "neighbours", "same_type")}
    shown = {name: [_related(one) for one in incidents] for name, incidents in lists.items()}
    for linked, (_, reasons) in zip(shown["linked"], related.why(), strict=True):
        linked["reasons"] = reasons
    return {**shown, "recurrence": related.recurrence}


def _related(incident: Incident) -> dict[str, Any]:
    names = ("number", "title", "severity", "status", "detected_at")
    return {name: getattr(incident, name) for name in names} | {
        "incident_id": incident.reference,
        "url": f"{settings.BASE_URL}/incidents/{incident.number}",
    }


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else max(0.0, (end - start).total_seconds())
