"""Explains why a person was not notified: which steps ran, and whether a later one would name them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from core.reasons import Reason
from incidents.models import Incident
from incidents.vocabulary import UNRESOLVED
from notifications.escalation.models import Escalation
from notifications.escalation.plan import plan_from
from notifications.escalation.resolve import reached_by


@dataclass(frozen=True, slots=True)
class Absence:
    """An incident a person was not notified of, and why."""

    incident: Incident
    reason: Reason
    detail: str = ""

    @property
    def words(self) -> str:
        """The reason with its details."""
        label = str(self.reason.label)
        return f"{label}: {self.detail}" if self.detail else label


def absences(workspace_id: int, person: User, incidents: Sequence[Incident]) -> list[Absence]:
    """One absence per incident; on-call is resolved for the time of detection."""
    rows = Escalation.objects.of(workspace_id).filter(incident_id__in=[one.pk for one in incidents])
    escalations = {one.incident_id: one for one in rows}
    return [_absence(person, one, escalations.get(one.pk)) for one in incidents]


def _absence(person: User, incident: Incident, escalation: Escalation | None) -> Absence:
    if escalation is None:
        return Absence(incident, Reason.NO_POLICY)
    plan = plan_from(escalation.snapshot)
    for position, step in enumerate(plan.steps):
        reached = reached_by(incident, step.targets, now=incident.detected_at)
        if person.pk in reached.people:
            why = f"step {position + 1} of {plan.name}; {_state(incident, escalation)}"
            return Absence(incident, Reason.STEP_NOT_REACHED, why)
    return Absence(incident, Reason.NOT_NAMED, plan.name)


def _state(incident: Incident, escalation: Escalation) -> str:
    if incident.status not in UNRESOLVED:
        return "the incident was resolved before"
    if escalation.phase == Escalation.Phase.ACKNOWLEDGED or incident.acknowledged_at is not None:
        return "the incident was acknowledged before"
    return f"it is due at {escalation.due_at:%Y-%m-%d %H:%M} UTC at the earliest"
