"""Parses rule input, aliases included, into field values. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import re2

from core.errors import FieldFault, Invalid
from detection.evaluation.matching import compile_pattern
from detection.levels import parse_level
from detection.models import GroupBy
from detection.rules.pattern_cost import check_cost
from incidents.vocabulary import parse_severity, parse_type

ALIASES: Final = {
    "id": "rule_id", "type": "incident_type", "threshold": "error_threshold",
    "time_window": "time_window_seconds", "window": "time_window_seconds",
    "check_interval": "check_interval_seconds", "min_components": "min_components_affected",
    "consecutive": "require_consecutive", "cooldown": "cooldown_seconds", "level": "minimum_level",
    "min_level": "minimum_level", "pattern": "message_pattern",
}  # fmt: skip
# Paths below /rules that are no rule.
RESERVED: Final = frozenset({"new", "test", "check"})
_RULE_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,79}")
REQUIRED: Final = ("rule_id", "name", "incident_type", "severity", "error_threshold", "time_window_seconds")


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return read


def _text(most: int, least: int = 0) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value.strip()) or len(value) > most:
            raise ValueError(f"must be a text of {least} to {most} characters")
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("must not contain NUL or lone surrogates")
        return value.strip()

    return read


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > 100:
        raise ValueError("must be a list of at most 100 texts")
    read = _text(200, 1)
    return list(dict.fromkeys(read(name) for name in value))


def _rule_id(value: Any) -> str:
    if not isinstance(value, str) or not _RULE_ID.fullmatch(value):
        raise ValueError("must be 1 to 80 lower-case letters, digits, _ and -, a letter first")
    if value in RESERVED:
        raise ValueError("is reserved; choose another")
    return value


def _pattern(value: Any) -> str:
    text = _text(500)(value)
    try:
        compiled = compile_pattern(text)
    except re2.error as error:
        raise ValueError(f"must be an RE2 regular expression: {_message(error)}") from None
    check_cost(text, compiled)
    return text


def _message(error: Exception) -> str:
    message = error.args[0] if error.args else "not understood"
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)


def _word(parse: Callable[[str], Any], what: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            return parse(str(value))
        except ValueError:
            raise ValueError(f"must be {what}") from None

    return read


READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "rule_id": _rule_id,
    "name": _text(120, 1),
    "description": _text(4000),
    "incident_type": _word(parse_type, "an incident type, such as error_burst"),
    "severity": _word(parse_severity, "sev1 to sev4, or an alias such as critical"),
    "event_types": _names,
    "minimum_level": _word(parse_level, "a level: debug, info, warning, error, critical or fatal"),
    "sources": _names,
    "message_pattern": _pattern,
    "group_by": _word(GroupBy, "source, workspace or correlation_id"),
    "error_threshold": _whole(1, 10_000),
    "time_window_seconds": _whole(1, 3600),
    "check_interval_seconds": _whole(1, 3600),
    "require_consecutive": _yes_no,
    "min_components_affected": _whole(1, 1000),
    "cooldown_seconds": _whole(0, 604_800),
    "enabled": _yes_no,
    "dry_run": _yes_no,
}


def read_rule(given: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """Return field name -> value. Raises Invalid naming every invalid field by the sender's name."""
    values: dict[str, Any] = {}
    faults: list[FieldFault] = []
    for sent, value in given.items():
        name = ALIASES.get(sent, sent)
        if name not in READERS:
            faults.append(FieldFault(sent, "unknown", "is not a field of a rule"))
            continue
        try:
            values[name] = READERS[name](value)
        except ValueError as error:
            faults.append(FieldFault(sent, "value", str(error)))
    named = {ALIASES.get(sent, sent) for sent in given}
    missing = [name for name in REQUIRED if is_new and name not in named]
    faults += [FieldFault(name, "required", "is required") for name in missing]
    if faults:
        raise Invalid("The rule was not saved.", faults=faults)
    return values
