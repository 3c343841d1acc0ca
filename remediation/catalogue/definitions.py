"""Definitions of remediation actions and scenarios, with content-based versions. Pure."""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from incidents.vocabulary import IncidentType
from remediation.vocabulary import ExecutorKind, Risk

DATA: Final = Path(__file__).parent / "data"
DEFAULT_TIMEOUT_S: Final = 60
MAX_TIMEOUT_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class Definition:
    """Definition of an action: description, risk and executor. Equal content has an equal `version`."""

    slug: str
    name: str
    when: str
    risk: Risk
    executor: ExecutorKind = ExecutorKind.MANUAL
    incident_types: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: int = DEFAULT_TIMEOUT_S
    health_url: str = ""
    rollback: str = ""
    cooldown_s: int = 300

    @property
    def version(self) -> str:
        """SHA-256 of the content, 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Recommended actions for a type of incident, in order, and advice for manual work.

    `hands_off`: no automatic actions and no automatic resolution.
    """

    incident_type: str
    title: str
    actions: tuple[str, ...]
    advice: tuple[str, ...]
    automatic: bool = True
    hands_off: bool = False


def _action(entry: Mapping[str, Any]) -> Definition:
    types: Sequence[str] = entry.get("incident_types", ())
    for name in types:
        IncidentType(name)
    return Definition(
        slug=entry["slug"],
        name=entry["name"],
        when=entry["when"],
        risk=Risk(entry["risk"]),
        incident_types=tuple(types),
        steps=tuple(entry.get("steps", ())),
    )


@functools.cache
def shipped_actions() -> tuple[Definition, ...]:
    """The shipped catalogue of actions."""
    entries = tomllib.loads((DATA / "actions.toml").read_text())["action"]
    return tuple(_action(entry) for entry in entries)


@functools.cache
def scenarios() -> Mapping[str, Scenario]:
    """Scenarios by incident type. Raises LookupError for a scenario with an unknown action."""
    known = {action.slug for action in shipped_actions()}
    found = {}
    for entry in tomllib.loads((DATA / "scenarios.toml").read_text())["scenario"]:
        unknown = set(entry["actions"]) - known
        if unknown:
            raise LookupError(f"scenario {entry['title']}: there is no action {', '.join(sorted(unknown))}")
        kind = IncidentType(entry["incident_type"]).value
        actions, advice = tuple(entry["actions"]), tuple(entry["advice"])
        found[kind] = Scenario(
            kind, entry["title"], actions, advice, entry.get("automatic", True), entry.get("hands_off", False)
        )
    return found


def scenario_for(incident_type: str) -> Scenario:
    """The scenario of a type; an empty one by default."""
    return scenarios().get(incident_type) or Scenario(incident_type, "", (), (), automatic=False)
