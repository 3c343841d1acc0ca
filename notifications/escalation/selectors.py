"""Reads escalation policies with their timetables, and running escalations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.models import Membership, OnCallSchedule, User
from accounts.oncall.selectors import schedules_of
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.sql.compiled_queries import compiled
from incidents.models import Incident
from notifications.channels.models import Channel
from notifications.escalation.models import Escalation, EscalationPolicy
from notifications.escalation.plan import Due, Plan, Target, timetable
from notifications.escalation.state import plan_of
from notifications.escalation.step_text import Names


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One step of the timetable: when it runs, and its targets in words."""

    minute: str
    round: int
    step: int
    targets: str


def policies_of(actor: Actor) -> Sequence[EscalationPolicy]:
    """All policies with their steps, by name. Raises Forbidden."""
    require(actor, Capability.ONCALL_READ)
    policies = EscalationPolicy.objects.of(actor.workspace_id).prefetch_related("steps")
    return list(policies.order_by("name", "id")[:200])


def escalation_policy_for(actor: Actor, policy_id: int) -> EscalationPolicy:
    """One policy with its steps. Raises Forbidden, NotFound."""
    found = next((one for one in policies_of(actor) if one.pk == policy_id), None)
    if found is None:
        raise NotFound("There is no such escalation policy in this workspace.")
    return found


def escalation_of(actor: Actor, incident: Incident) -> Escalation | None:
    """The escalation of an incident, or None. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return next(iter(_escalations(actor.workspace_id, incident.pk)), None)


@compiled(int, int)
def _escalations(workspace_id: int, incident_id: int) -> QuerySet[Escalation]:
    rows = Escalation.objects.of(workspace_id).filter(incident_id=incident_id)
    return rows.select_related("holder").order_by("pk")[:1]


def preview(actor: Actor, policy: EscalationPolicy) -> list[PreviewRow]:
    """The timetable of a policy, while no one acknowledges."""
    words = _TargetWords(actor)
    return [_row(due, words) for due in timetable(plan_of(policy))]


def names_of(actor: Actor) -> Names:
    """Everything that a step may name, by name."""
    users = Membership.objects.of(actor.workspace_id).values_list("user__username", "user_id")
    schedules = OnCallSchedule.objects.of(actor.workspace_id).values_list("name", "pk")
    channels = Channel.objects.of(actor.workspace_id).values_list("name", "pk")
    return Names(_lowered(users), _lowered(schedules), _lowered(channels))


def _lowered(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    return {name.lower(): pk for name, pk in pairs}


def flags_of(plan: Plan) -> list[str]:
    """Problems of a policy in words: steps without a target."""
    return [
        f"Step {number} has no target." for number, one in enumerate(plan.steps, start=1) if not one.targets
    ]


class _TargetWords:
    """Formats targets with the names of a workspace."""

    def __init__(self, actor: Actor) -> None:
        self.schedules = {one.pk: one.name for one in schedules_of(actor)}
        people = User.objects.filter(memberships__workspace_id=actor.workspace_id)
        self.people = {one.pk: one.label for one in people[:2000]}
        self.channels = dict(Channel.objects.of(actor.workspace_id).values_list("pk", "name"))

    def of(self, target: Target) -> str:
        if target.kind == "user":
            return self.people.get(target.id or 0, "a person who left")
        if target.kind == "on_call":
            return f"on call in {self.schedules.get(target.id or 0, 'the schedule of the component')}"
        if target.kind == "role":
            return target.role.replace("_", " ")
        return f"channel {self.channels.get(target.id or 0, 'that was deleted')}"


def _row(due: Due, words: _TargetWords) -> PreviewRow:
    minute = str(timedelta(seconds=due.at_s))
    named = ", ".join(words.of(one) for one in due.step.targets) or "no one"
    return PreviewRow(minute, due.round + 1, due.position + 1, named)
