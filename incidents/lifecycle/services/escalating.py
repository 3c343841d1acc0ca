"""Raises the severity of incidents when a measured fact meets the condition of their type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from accounts.actor import Actor, system_actor
from accounts.audit.services import audit_entry, record_all
from accounts.models import AuditEntry
from core.outbox.events import publish_all
from core.sql.prepared import update, write
from incidents.events import IncidentSeverityChanged
from incidents.lifecycle.severity_matrix import Escalation, Fact, escalation_words, raises
from incidents.models import Incident, TimelineEntry
from incidents.sla.services.clock_rows import set_clocks
from incidents.sla.services.clocks import policy_of, set_deadlines
from incidents.timeline.services.timeline_entries import entry
from incidents.vocabulary import UNRESOLVED, Basis, EntryKind, IncidentType, Severity

_FIELDS: Final = (
    "severity", "acknowledge_due_at", "update_due_at", "resolve_due_at", "version", "updated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RaisedSeverity:
    """An incident whose severity was raised, from what and why."""

    incident: Incident
    before: Severity
    escalation: Escalation
    words: str


def raise_by_facts(workspace_id: int, facts: Mapping[int, Mapping[str, Fact]]) -> list[int]:
    """Raise the unresolved incidents (id -> facts) whose condition is met; returns the ids of those raised.

    A severity that a person chose stays. Must run in the caller's transaction; it may be pipelined.
    """
    raised = _raised(workspace_id, facts) if facts else []
    if raised:
        actor, now = system_actor(workspace_id), timezone.now()
        _set(workspace_id, raised, now)
        write([_entry(actor, one, now) for one in raised])
        record_all(actor, [_audit(actor, one) for one in raised])
        publish_all([_event(one) for one in raised])
    return [one.incident.pk for one in raised]


def _raised(workspace_id: int, facts: Mapping[int, Mapping[str, Fact]]) -> list[RaisedSeverity]:
    """Return the incidents to raise, locked in order of id; others are not locked."""
    open_ones = Incident.objects.of(workspace_id).filter(
        pk__in=facts, status__in=UNRESOLVED, severity_basis__lt=Basis.PERSON
    )
    likely = [
        pk for pk, kind, severity in open_ones.values_list("pk", "incident_type", "severity")
        if raises(IncidentType(kind), Severity(severity), facts[pk])
    ]  # fmt: skip
    raised: list[RaisedSeverity] = []
    if not likely:
        return raised
    for incident in (
        open_ones.filter(pk__in=likely).order_by("id").select_for_update(no_key=True, of=("self",))
    ):
        before, measured = Severity(incident.severity), facts[incident.pk]
        if met := raises(IncidentType(incident.incident_type), before, measured):
            raised.append(RaisedSeverity(incident, before, met, escalation_words(met, measured)))
    return raised


def _set(workspace_id: int, raised: list[RaisedSeverity], now: datetime) -> None:
    policy = policy_of(workspace_id)
    for one in raised:
        one.incident.severity = one.escalation.to
        set_deadlines(one.incident, policy[one.escalation.to])
        one.incident.version += 1
        one.incident.updated_at = now
    update([one.incident for one in raised], _FIELDS)
    set_clocks(workspace_id, [one.incident.pk for one in raised])


def _entry(actor: Actor, one: RaisedSeverity, now: datetime) -> TimelineEntry:
    message = f"Severity raised from {one.before} to {one.escalation.to}: {one.words}."
    data: dict[str, Any] = {"from": one.before.value, "to": one.escalation.to.value}
    return entry(actor, one.incident, EntryKind.SEVERITY_CHANGE, message, at=now, **data)


def _audit(actor: Actor, one: RaisedSeverity) -> AuditEntry:
    summary = f"{one.incident.reference}: severity {one.before} -> {one.escalation.to}, {one.words}"
    changes = {"severity": [one.before.value, one.escalation.to.value]}
    return audit_entry(
        actor, action="incident.escalate", target=one.incident, summary=summary, changes=changes
    )


def _event(one: RaisedSeverity) -> IncidentSeverityChanged:
    incident = one.incident
    return IncidentSeverityChanged(
        incident.workspace_id,
        incident.pk,
        incident.number,
        incident.version,
        one.before.value,
        one.escalation.to.value,
    )
