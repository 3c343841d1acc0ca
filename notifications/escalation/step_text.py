"""Parses and formats the steps of a policy, one step per line. Pure.

`on call, commander; 5 min` pages two targets and waits five minutes. Targets: `on call`, `on call: Primary`,
`@ann`, `commander`, `tech lead`, `comms lead`, `managers`, `admins`, `channel: Ops`, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from notifications.escalation.plan import Step, Target

_LINE: Final = re.compile(r"(?P<targets>[^;]*);\s*(?P<minutes>\d{1,4})\s*(?:min|m|minutes?)?\s*")
_ROLES: Final = {
    "commander": "commander",
    "tech lead": "tech_lead",
    "comms lead": "comms_lead",
    "managers": "manager",
    "admins": "admin",
}


class StepTextError(ValueError):
    """A line that cannot be parsed; the message has its number and the rule."""


@dataclass(frozen=True, slots=True)
class Names:
    """Ids by name, in lower case."""

    users: Mapping[str, int]
    schedules: Mapping[str, int]
    channels: Mapping[str, int]


def parse_steps(text: str, names: Names) -> list[dict[str, Any]]:
    """Parse steps for the service. Raises StepTextError."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [_parse(number, line, names) for number, line in enumerate(lines, start=1)]


def steps_text(steps: Sequence[Step], names: Names) -> str:
    """Format steps for `parse_steps`."""
    by_id = {
        "user": {pk: f"@{name}" for name, pk in names.users.items()},
        "on_call": {pk: f"on call: {name}" for name, pk in names.schedules.items()},
        "channel": {pk: f"channel: {name}" for name, pk in names.channels.items()},
    }
    return "\n".join(
        f"{', '.join(_words(one, by_id) for one in step.targets)}; {step.wait_s // 60} min" for step in steps
    )


def _words(target: Target, by_id: Mapping[str, Mapping[int, str]]) -> str:
    if target.kind == "role":
        return next(word for word, role in _ROLES.items() if role == target.role)
    if target.id is None:
        return "on call"
    return by_id[target.kind].get(target.id, f"@deleted-{target.id}")


def _parse(number: int, line: str, names: Names) -> dict[str, Any]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise StepTextError(f"line {number} must be targets, a semicolon and minutes: on call, @ann; 5 min")
    words = [word.strip() for word in found["targets"].split(",") if word.strip()]
    targets = [_target(number, word.lower(), names) for word in words]
    return {"wait_s": int(found["minutes"]) * 60, "targets": targets}


def _target(number: int, word: str, names: Names) -> dict[str, Any]:
    if word in _ROLES:
        return {"kind": "role", "role": _ROLES[word]}
    if word == "on call":
        return {"kind": "on_call"}
    kind, field, table, name = _named(word, names)
    if name not in table:
        raise StepTextError(f"line {number} names {word[:60]!r}, which is unknown")
    return {"kind": kind, field: table[name]}


def _named(word: str, names: Names) -> tuple[str, str, Mapping[str, int], str]:
    if word.startswith("@"):
        return "user", "user_id", names.users, word[1:]
    head, _, name = (part.strip() for part in word.partition(":"))
    if head == "on call":
        return "on_call", "schedule_id", names.schedules, name
    return "channel", "channel_id", names.channels if head == "channel" else {}, name
