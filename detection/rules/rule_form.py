"""Converts a rule between form input and API input. Pure.

`detection.rules.parsing` validates the form and the API alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from core.errors import FieldFault
from detection.levels import LEVEL_LABELS
from detection.models import GroupBy
from incidents.vocabulary import IncidentType, Severity

TEXT, NUMBER, NAMES, CHOICE, SWITCH, AREA = "text", "number", "names", "choice", "switch", "area"
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: label, help text, input type. unit is shown after a number."""

    name: str
    label: str
    kind: str
    help: str = ""
    choices: Choices = ()
    unit: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together."""

    title: str
    fields: tuple[FieldSpec, ...]


@dataclass(slots=True)
class FieldState:
    """A field with its input and its faults."""

    spec: FieldSpec
    value: str
    faults: list[str] = field(default_factory=list)


GROUPS: Final = (
    Group(
        "Basics",
        (
            FieldSpec("name", "Name", TEXT, "Shown in lists."),
            FieldSpec(
                "rule_id", "Rule id", TEXT, "Lower-case letters, digits, _ and -. Cannot be changed later."
            ),
            FieldSpec("description", "Description", AREA, "What it means when the rule fires."),
            FieldSpec(
                "incident_type", "Incident type", CHOICE, "What kind of incident it opens.",
                IncidentType.choices, default=IncidentType.ERROR_BURST.value,
            ),
            FieldSpec(
                "severity", "Severity", CHOICE, "How bad an incident it opens is.", Severity.choices,
                default=Severity.SEV3.value,
            ),
        ),
    ),
    Group(
        "Which events match",
        (
            FieldSpec("event_types", "Event types", NAMES, "One per line; any of them. Empty: every type."),
            FieldSpec("sources", "Sources", NAMES, "One per line; any of them. Empty: every source."),
            FieldSpec(
                "minimum_level", "Minimum level", CHOICE, "This level or worse.",
                [(label, label.capitalize()) for label in LEVEL_LABELS], default="error",
            ),
            FieldSpec(
                "message_pattern", "Message pattern", TEXT,
                "A regular expression (RE2) searched in the message. Empty: any message.",
            ),
        ),
    ),
    Group(
        "When it fires",
        (
            FieldSpec("error_threshold", "Events", NUMBER, "Matching events …", default="5"),
            FieldSpec(
                "time_window_seconds", "Window", NUMBER, "… within this time, newest minus oldest.", unit="s",
                default="300",
            ),
            FieldSpec(
                "group_by", "Group by", CHOICE, "Count events separately for each.", GroupBy.choices,
                default="source",
            ),
            FieldSpec(
                "min_components_affected", "Minimum distinct sources", NUMBER,
                "Distinct sources among those events.",
                default="1",
            ),
            FieldSpec(
                "require_consecutive", "Consecutive only", SWITCH,
                "A non-matching event of the same group resets the count.",
            ),
        ),
    ),
    Group(
        "Behaviour",
        (
            FieldSpec(
                "cooldown_seconds", "Cooldown after resolve", NUMBER,
                "Events are ignored for this long after its incident is resolved.", unit="s", default="0",
            ),
            FieldSpec(
                "check_interval_seconds", "Re-check interval", NUMBER,
                "Events are evaluated immediately; this is a safety net.", unit="s", default="60",
            ),
            FieldSpec("enabled", "Enabled", SWITCH, "Off: the rule is not evaluated.", default="on"),
            FieldSpec("dry_run", "Dry run", SWITCH, "Records findings without opening incidents."),
        ),
    ),
)  # fmt: skip
SPECS: Final = {spec.name: spec for group in GROUPS for spec in group.fields}


# Optional in a test.
UNNAMED: Final = {"rule_id": "draft", "name": "Draft", "incident_type": "other", "severity": "sev3"}


def with_defaults(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with values for what a test does not need; an empty id or name counts as missing."""
    given = {name: value for name, value in fields.items() if name not in UNNAMED or value not in ("", None)}
    return {**UNNAMED, **given}


def sent(typed: Mapping[str, str], *, is_new: bool) -> dict[str, Any]:
    """Return the fields as an API request would have them; an invalid number stays a text."""
    names = [name for name in SPECS if is_new or name != "rule_id"]
    return {name: _value(SPECS[name].kind, typed.get(name, "")) for name in names}


def _value(kind: str, text: str) -> Any:
    if kind == SWITCH:
        return text == "on"
    if kind == NAMES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    if kind == NUMBER and text.strip().isascii() and text.strip().isdigit() and len(text) <= 12:
        return int(text.strip())
    return text


def typed_of(rule: Mapping[str, Any]) -> dict[str, str]:
    """Return a rule (as the API shows it) as form input."""
    return {name: _typed(spec.kind, rule[name]) for name, spec in SPECS.items()}


def _typed(kind: str, value: Any) -> str:
    if kind == SWITCH:
        return "on" if value else ""
    return "\n".join(value) if kind == NAMES else str(value)


def empty() -> dict[str, str]:
    """Return a new rule's form."""
    return {name: spec.default for name, spec in SPECS.items()}


def filled(
    typed: Mapping[str, str], faults: Iterable[FieldFault] = (), *, is_new: bool
) -> list[tuple[str, list[FieldState]]]:
    """Return the groups of the form, each field with its value and its faults.

    The rule id only for a new rule.
    """
    messages: dict[str, list[str]] = {}
    for fault in faults:
        messages.setdefault(fault.field, []).append(f"{fault.message[:1].upper()}{fault.message[1:]}.")
    return [
        (
            group.title,
            [
                FieldState(spec, typed.get(spec.name, ""), messages.get(spec.name, []))
                for spec in group.fields
                if is_new or spec.name != "rule_id"
            ],
        )
        for group in GROUPS
    ]
