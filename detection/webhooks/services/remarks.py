"""Additions to alerts reported before: notes, and other severities."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actor import Actor
from detection.models import Source, SourceAlert
from detection.webhooks.alerts.alert_records import current_incident
from detection.webhooks.alerts.alert_text import bounded_key
from detection.webhooks.parsed import Remark
from incidents.correlation.services.alerts import note_alert
from incidents.lifecycle.services.responding import change_severity
from incidents.vocabulary import Basis


def add_remarks(actor: Actor, *, source: Source, remarks: Sequence[Remark]) -> list[str]:
    """Write remarks into the timelines of the alerts' incidents; returns the keys of unknown alerts.

    A severity is set unless a person set one. Must run in the caller's transaction.
    """
    unknown_alerts = []
    for remark in remarks:
        row = (
            SourceAlert.objects.of(source.workspace_id)
            .filter(source=source, key=bounded_key(remark.key))
            .select_related("incident__merged_into")
            .first()
        )
        home = current_incident(row.incident) if row else None
        if home is None:
            unknown_alerts.append(remark.key)
            continue
        if remark.message:
            note_alert(actor, incident_id=home.pk, message=f"{source.name}: {remark.message}")
        if remark.severity and home.is_unresolved and home.severity_basis < Basis.PERSON:
            change_severity(actor, incident_id=home.pk, severity=remark.severity)
    return unknown_alerts
