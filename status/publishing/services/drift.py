"""Adds discrepancies to timelines, once each."""

from __future__ import annotations

from datetime import datetime

from accounts.actor import system_actor
from incidents.timeline.services.system_entries import add_system_entry
from incidents.vocabulary import EntryKind
from status.publishing.drift_reading import drifts_in


def note_drift(workspace_id: int, *, now: datetime) -> None:
    """Add a timeline entry for each discrepancy. Idempotent."""
    actor = system_actor(workspace_id, "Status page")
    for drift in drifts_in(workspace_id, now):
        if drift.incident_id is not None:
            add_system_entry(
                actor, incident_id=drift.incident_id, kind=EntryKind.NOTIFICATION,
                message=f"Status page: {drift.words}", once=drift.key, drift=drift.kind,
            )  # fmt: skip
