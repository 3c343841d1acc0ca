"""Effects of alerts on open incidents: raise, acknowledge, resolve."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence

from accounts.actor import Actor
from core.errors import Conflict
from detection.heartbeats.selectors import down_counts
from detection.models import Source
from detection.webhooks.alerts.alert_records import AlertUpdate
from detection.webhooks.alerts.alert_state import NextStep
from detection.webhooks.alerts.alert_text import is_worse, named, still_open, worst
from detection.webhooks.services.alert_rows import firing_counts
from incidents.correlation.services.alerts import note_alert
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident, change_severity
from incidents.models import Incident
from incidents.vocabulary import IncidentSource, Severity


def follow(
    actor: Actor, source: Source, updates: Sequence[AlertUpdate], *, fresh: Collection[str]
) -> list[str]:
    """Apply the effects of updates on existing incidents; returns the references of those resolved.

    The rows of the updates are already written; `fresh` are references of incidents opened just now.
    """
    by_incident: dict[int, list[AlertUpdate]] = {}
    for update in updates:
        if update.home_id is not None and (_concerns(update)):
            by_incident.setdefault(update.home_id, []).append(update)
    incidents = Incident.objects.of(actor.workspace_id).in_bulk(sorted(by_incident))
    left = firing_counts(actor.workspace_id, incidents) if incidents else {}
    down = down_counts(actor.workspace_id, incidents) if incidents else {}
    resolved = []
    for incident_id, incident in sorted(incidents.items()):
        own = by_incident[incident_id]
        if incident.is_unresolved and incident.reference not in fresh:
            _raise(actor, source, incident, own)
        if incident.is_unresolved:
            _acknowledge(actor, incident, own)
            counts = left[incident_id], down.get(incident_id, 0)
            resolved += _recover(actor, source, incident, own, *counts)
    return resolved


def _concerns(update: AlertUpdate) -> bool:
    return update.step in (NextStep.FIRES, NextStep.ACKNOWLEDGES, NextStep.RECOVERS) or update.is_worse


def _raise(actor: Actor, source: Source, incident: Incident, updates: Sequence[AlertUpdate]) -> None:
    """Raise the severity for a worse alert, by new updates only.

    A severity that people set is never lowered.
    """
    severities = [update.severity for update in updates if update.fires or update.is_worse]
    if severities and is_worse(worst(severities), Severity(incident.severity)):
        titles = [update.alert.title for update in updates if update.fires or update.is_worse]
        message = f"{source.name}: {named(titles)} is {worst(severities).label}."
        change_severity(actor, severity=worst(severities), incident_id=incident.pk, message=message)


def _acknowledge(actor: Actor, incident: Incident, updates: Sequence[AlertUpdate]) -> None:
    if incident.acknowledged_at is None and any(update.step == NextStep.ACKNOWLEDGES for update in updates):
        with contextlib.suppress(Conflict):  # a person was first, just now
            acknowledge_incident(actor, incident_id=incident.pk)


def _recover(
    actor: Actor, source: Source, incident: Incident, updates: Sequence[AlertUpdate], firing: int, down: int
) -> list[str]:
    """Resolve the incident when no alert of it is firing and no heartbeat down.

    A declared one only gets a timeline entry.
    """
    ends = [update for update in updates if update.step == NextStep.RECOVERS]
    titles, recovered = [update.alert.title for update in ends if not update.alert.silent], bool(ends)
    if not recovered or (firing and not titles):
        return []
    message = (
        f"{source.name}: recovered: {named(titles)}." if titles else f"{source.name}: all of it recovered."
    )
    if firing or down or incident.source != IncidentSource.DETECTED:
        note_alert(actor, incident_id=incident.pk, message=message + still_open(firing, down))
        return []
    with contextlib.suppress(Conflict):  # a person was first, just now
        resolve_incident(actor, incident_id=incident.pk, message=message)
        return [incident.reference]
    return []
