"""Validation of escalation policies. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from core.errors import FieldFault, Invalid
from incidents.vocabulary import IncidentType, Severity
from notifications.escalation.plan import (
    INCIDENT_ROLES,
    KINDS,
    MAX_REPEAT,
    MAX_STEPS,
    MAX_TARGETS,
    MAX_WAIT_S,
    MEMBER_ROLES,
    MIN_ROUND_S,
    Step,
    Target,
    targets_from,
)


@dataclass(frozen=True, slots=True)
class PolicyValues:
    """A policy as entered; `steps` are objects with `wait_s` and `targets`."""

    name: str
    steps: Sequence[Mapping[str, Any]]
    severities: Sequence[str] = ()
    types: Sequence[str] = ()
    components: Sequence[str] = ()
    repeat: int = 0
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """Ids that a target may name in this workspace."""

    users: Collection[int]
    schedules: Collection[int]
    channels: Collection[int]


def checked_steps(values: PolicyValues, known: Known) -> list[Step]:
    """Validate the policy and return its steps. Raises Invalid (field)."""
    if not 1 <= len(values.steps) <= MAX_STEPS:
        raise _invalid("steps", "length", f"must be 1 to {MAX_STEPS}")
    if not 0 <= values.repeat <= MAX_REPEAT:
        raise _invalid("repeat", "range", f"must be 0 to {MAX_REPEAT}")
    _check_choices("severities", values.severities, Severity.values)
    _check_choices("types", values.types, IncidentType.values)
    steps = [_step(number, one, known) for number, one in enumerate(values.steps)]
    if values.repeat and sum(step.wait_s for step in steps) < MIN_ROUND_S:
        raise _invalid("repeat", "loop", f"needs waits of at least {MIN_ROUND_S} seconds in a round")
    return steps


def unreachable_steps(steps: Sequence[Step]) -> list[int]:
    """Positions of steps whose targets were all paged by the previous step immediately before."""
    return [
        number
        for number, (before, step) in enumerate(pairwise(steps), start=1)
        if before.wait_s == 0 and set(step.targets) <= set(before.targets)
    ]


def _step(number: int, given: Mapping[str, Any], known: Known) -> Step:
    field = f"steps[{number}]"
    wait_s = given.get("wait_s", 0)
    if not 0 <= wait_s <= MAX_WAIT_S:
        raise _invalid(f"{field}.wait_s", "range", f"must be 0 to {MAX_WAIT_S:,} seconds")
    stored = given.get("targets", [])
    if len(stored) > MAX_TARGETS:
        raise _invalid(f"{field}.targets", "length", f"must be at most {MAX_TARGETS}")
    if any(one.get("kind") not in KINDS for one in stored):
        raise _invalid(f"{field}.targets", "choice", f"must each have a kind of {', '.join(KINDS)}")
    targets = targets_from(stored)
    for target in targets:
        _check_target(f"{field}.targets", target, known)
    return Step(wait_s, targets)


def _check_target(field: str, target: Target, known: Known) -> None:
    roles = (*INCIDENT_ROLES, *MEMBER_ROLES)
    if target.kind == "role" and target.role not in roles:
        raise _invalid(field, "role", f"must name a role of {', '.join(roles)}")
    if target.kind == "user" and target.id not in known.users:
        raise _invalid(field, "member", "must name a member of this workspace")
    if target.kind == "channel" and target.id not in known.channels:
        raise _invalid(field, "channel", "must name a channel of this workspace")
    if target.kind == "on_call" and target.id is not None and target.id not in known.schedules:
        raise _invalid(field, "schedule", "must name an on-call schedule of this workspace, or none")


def _check_choices(field: str, given: Sequence[str], known: Sequence[str]) -> None:
    if odd := [one for one in given if one not in known]:
        raise _invalid(field, "choice", f"must be of {', '.join(known)}; {str(odd[0])[:40]} is not")


def _invalid(field: str, rule: str, message: str) -> Invalid:
    return Invalid(f"{field} {message}. Nothing was changed.", faults=[FieldFault(field, rule, message)])
