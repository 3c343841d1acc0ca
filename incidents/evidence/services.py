"""Stores the figures that detection computes from an incident's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from core.outbox.events import publish_all
from incidents.events import IncidentEvidenceRecorded
from incidents.models import Incident, IncidentEvidence

_KEY_FIELDS: Final = frozenset({"id", "workspace", "incident"})
_FIELDS: Final = tuple(
    field.name for field in IncidentEvidence._meta.concrete_fields if field.name not in _KEY_FIELDS
)


def record_evidence(workspace_id: int, evidence: Sequence[IncidentEvidence]) -> None:
    """Store the evidence of these incidents of one workspace, replacing earlier evidence.

    The rows are unsaved and carry `incident_id`; those of other workspaces are skipped. Idempotent. Publishes
    `incident.evidence_recorded` for each incident whose event count changed. Incidents that another
    transaction has locked are skipped: they are due again.
    """
    with transaction.atomic():
        wanted = {row.incident_id: row for row in evidence}
        incidents = Incident.objects.of(workspace_id).filter(pk__in=wanted)
        incidents = incidents.select_for_update(no_key=True, skip_locked=True)
        known = {incident.pk: incident for incident in incidents.order_by("pk")}
        counted = dict(
            IncidentEvidence.objects.of(workspace_id)
            .filter(incident_id__in=known)
            .values_list("incident_id", "event_count")
        )
        rows = [wanted[pk] for pk in known]
        for row in rows:
            row.workspace_id = workspace_id
        IncidentEvidence.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["incident"], update_fields=_FIELDS
        )
        publish_all(
            [
                IncidentEvidenceRecorded(workspace_id, pk, incident.number, incident.version)
                for pk, incident in known.items()
                if counted.get(pk) != wanted[pk].event_count
            ]
        )
