"""Escalation policies as values: steps, their order and timetable, and policy matching. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

MAX_STEPS: Final = 20
MAX_REPEAT: Final = 5
MAX_WAIT_S: Final = 86_400
MIN_ROUND_S: Final = 60
MAX_TARGETS: Final = 20
INCIDENT_ROLES: Final = ("commander", "tech_lead", "comms_lead")
MEMBER_ROLES: Final = ("manager", "admin")
KINDS: Final = ("user", "on_call", "role", "channel")
# How long an acknowledgement holds the escalation without further activity of its holder, by severity.
LEASE: Final = {"sev1": timedelta(minutes=30)}
DEFAULT_LEASE: Final = timedelta(minutes=60)
CONFIRM_WITHIN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Target:
    """Target of a step: one of `KINDS`, with its id or role."""

    kind: str
    id: int | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step: targets, and the seconds before the next step."""

    wait_s: int
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A copy of the policy, made when the escalation began."""

    name: str
    repeat: int
    steps: tuple[Step, ...]

    def after(self, round_: int, position: int) -> tuple[int, int] | None:
        """The next round and position, or None after the last step of the last round."""
        if position + 1 < len(self.steps):
            return round_, position + 1
        return (round_ + 1, 0) if round_ < self.repeat else None


@dataclass(frozen=True, slots=True)
class Due:
    """A step and how many seconds after the start it runs, while no one acknowledges."""

    at_s: int
    round: int
    position: int
    step: Step


def timetable(plan: Plan) -> Iterator[Due]:
    """All steps of all rounds, in order."""
    at_s, cursor = 0, (0, 0) if plan.steps else None
    while cursor is not None:
        step = plan.steps[cursor[1]]
        yield Due(at_s, *cursor, step)
        at_s += step.wait_s
        cursor = plan.after(*cursor)


def lease_of(severity: str) -> timedelta:
    """How long an acknowledgement holds the escalation."""
    return LEASE.get(severity, DEFAULT_LEASE)


def best_match(
    policies: Iterable[Any], *, severity: str, type_: str, components: Collection[str]
) -> Any | None:
    """The most specific matching policy: component before type before severity; then the oldest."""
    fitting = [
        one
        for one in policies
        if (not one.severities or severity in one.severities)
        and (not one.types or type_ in one.types)
        and (not one.components or set(one.components) & set(components))
    ]
    return max(
        fitting,
        key=lambda one: (bool(one.components), bool(one.types), bool(one.severities), -one.pk),
        default=None,
    )


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return the JSON stored with an escalation."""
    return {
        "name": plan.name,
        "repeat": plan.repeat,
        "steps": [
            {"wait_s": step.wait_s, "targets": [target_json(one) for one in step.targets]}
            for step in plan.steps
        ],
    }


def plan_from(stored: Mapping[str, Any]) -> Plan:
    """The plan that was stored."""
    steps = [Step(one["wait_s"], targets_from(one["targets"])) for one in stored["steps"]]
    return Plan(stored["name"], stored["repeat"], tuple(steps))


def target_json(target: Target) -> dict[str, Any]:
    """Return the JSON stored with a step."""
    name = {"user": "user_id", "on_call": "schedule_id", "channel": "channel_id"}.get(target.kind)
    if name is None:
        return {"kind": target.kind, "role": target.role}
    return {"kind": target.kind} | ({name: target.id} if target.id is not None else {})


def targets_from(stored: Sequence[Mapping[str, Any]]) -> tuple[Target, ...]:
    """The targets that were stored."""
    return tuple(
        Target(
            one["kind"],
            one.get("user_id") or one.get("schedule_id") or one.get("channel_id"),
            one.get("role", ""),
        )
        for one in stored
    )
