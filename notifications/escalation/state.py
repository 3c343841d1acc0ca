"""State changes of an escalation row in memory; the caller locks and saves it."""

from __future__ import annotations

from datetime import datetime

from core.queue.models import WorkItem
from notifications.escalation.models import Escalation, EscalationPolicy
from notifications.escalation.plan import Plan, Step, lease_of, targets_from


def plan_of(policy: EscalationPolicy) -> Plan:
    """A stored policy as values."""
    steps = sorted(policy.steps.all(), key=lambda step: step.position)
    return Plan(policy.name, policy.repeat, tuple(Step(s.wait_s, targets_from(s.targets)) for s in steps))


def restart(escalation: Escalation, *, now: datetime) -> None:
    """Start a new generation at the first step, due now."""
    escalation.generation += 1
    escalation.phase = Escalation.Phase.RUNNING
    escalation.round = escalation.position = 0
    escalation.has_paged = escalation.reaches_no_one = False
    escalation.began_at = escalation.due_at = now
    escalation.holder = escalation.leased_at = escalation.reminded_at = None
    escalation.state, escalation.settled_at, escalation.lease_until = WorkItem.State.PENDING, None, None
    escalation.attempts = 0


def hold(escalation: Escalation, severity: str, *, user_id: int | None, now: datetime) -> None:
    """Hold for one lease."""
    escalation.phase = Escalation.Phase.ACKNOWLEDGED
    escalation.holder_id = user_id
    escalation.leased_at, escalation.reminded_at = now, None
    escalation.due_at = now + lease_of(severity)
    escalation.lease_until = None


def resume(escalation: Escalation, *, now: datetime) -> None:
    """Run the next step now despite an acknowledgement: a new generation at the same step."""
    place = escalation.round, escalation.position
    has_paged = escalation.has_paged
    restart(escalation, now=now)
    escalation.round, escalation.position = place
    escalation.has_paged = has_paged


def cursor_of(escalation: Escalation) -> str:
    """Identifies the next step: changes with every step, lapse and restart."""
    return f"{escalation.generation}.{escalation.round}.{escalation.position}.{escalation.phase}"


def end(escalation: Escalation, *, now: datetime) -> None:
    """End the escalation: nothing is due any more."""
    escalation.phase = Escalation.Phase.ENDED
    escalation.state, escalation.settled_at = WorkItem.State.DONE, now
    escalation.lease_until = None
