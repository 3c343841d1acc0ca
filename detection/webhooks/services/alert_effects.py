"""Effects of alerts on open incidents: raise, acknowledge, resolve."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence

from accounts.actor import Actor
from core.errors import Conflict
from detection.models import Source
from detection.webhooks.alerts.alert_records import AlertUpdate
from detection.webhooks.alerts.alert_state import NextStep
from detection.webhooks.alerts.alert_text import is_worse, named, worst
from detection.webhooks.services.alert_rows import burning_counts
from incidents.correlation.services.alerts import note_alert
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident, change_severity
from incidents.models import Incident
from incidents.vocabulary import IncidentSource, Severity


def follow(
    actor: Actor, source: Source, words: Sequence[AlertUpdate], *, fresh: Collection[str]
) -> list[str]:
    """Apply the effects of updates on existing incidents; returns the references of those resolved.

    The rows of the updates are already written; `fresh` are references of incidents opened just now.
    """
    by_incident: dict[int, list[AlertUpdate]] = {}
    for word in words:
        if word.home_id is not None and (_concerns(word)):
            by_incident.setdefault(word.home_id, []).append(word)
    incidents = Incident.objects.of(actor.workspace_id).in_bulk(sorted(by_incident))
    left = burning_counts(actor.workspace_id, incidents) if incidents else {}
    resolved = []
    for incident_id, incident in sorted(incidents.items()):
        told = by_incident[incident_id]
        if incident.is_unresolved and incident.reference not in fresh:
            _raise(actor, source, incident, told)
        if incident.is_unresolved:
            _acknowledge(actor, incident, told)
            resolved += _recover(actor, source, incident, told, left)
    return resolved


def _concerns(word: AlertUpdate) -> bool:
    return word.step in (NextStep.FIRES, NextStep.ACKNOWLEDGES, NextStep.RECOVERS) or word.is_worse


def _raise(actor: Actor, source: Source, incident: Incident, words: Sequence[AlertUpdate]) -> None:
    """Raise the severity for a worse alert, by new updates only.

    A severity that people set is never lowered.
    """
    severities = [word.severity for word in words if word.fires or word.is_worse]
    if severities and is_worse(worst(severities), Severity(incident.severity)):
        titles = [word.alert.title for word in words if word.fires or word.is_worse]
        message = f"{source.name}: {named(titles)} is {worst(severities).label}."
        change_severity(actor, severity=worst(severities), incident_id=incident.pk, message=message)


def _acknowledge(actor: Actor, incident: Incident, words: Sequence[AlertUpdate]) -> None:
    if incident.acknowledged_at is None and any(word.step == NextStep.ACKNOWLEDGES for word in words):
        with contextlib.suppress(Conflict):  # a person was first, just now
            acknowledge_incident(actor, incident_id=incident.pk)


def _recover(
    actor: Actor, source: Source, incident: Incident, words: Sequence[AlertUpdate], left: Mapping[int, int]
) -> list[str]:
    """Resolve the incident when none of its alerts is firing; a declared one only gets a timeline entry."""
    titles = [word.alert.title for word in words if word.step == NextStep.RECOVERS and not word.alert.silent]
    recovered = any(word.step == NextStep.RECOVERS for word in words)
    if not recovered or (left[incident.pk] and not titles):
        return []
    said = f"{source.name}: recovered: {named(titles)}." if titles else f"{source.name}: all of it recovered."
    if left[incident.pk] or incident.source != IncidentSource.DETECTED:
        burning = f" Still firing: {left[incident.pk]}." if left[incident.pk] else ""
        note_alert(actor, incident_id=incident.pk, message=said + burning)
        return []
    with contextlib.suppress(Conflict):  # a person was first, just now
        resolve_incident(actor, incident_id=incident.pk, message=said)
        return [incident.reference]
    return []
