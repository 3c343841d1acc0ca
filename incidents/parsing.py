"""Parses words, including aliases, into values. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from incidents.validation import invalid
from incidents.vocabulary import (
    Impact,
    IncidentType,
    ResponseRole,
    Severity,
    Stage,
    Status,
    parse_severity,
    parse_stage,
    parse_status,
    parse_type,
)

T = TypeVar("T")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def parsed(field: str, word: object, parse: Callable[[str], T], known: Iterable[T]) -> T:
    """Return `parse(word)`. Raises Invalid naming `field` and listing `known`."""
    try:
        return parse(str(word)[:100])
    except ValueError as error:
        raise invalid(field, "choice", f"must be one of {', '.join(str(item) for item in known)}") from error


def as_severity(word: str) -> Severity:
    """Parse a severity. Raises Invalid (field `severity`)."""
    return parsed("severity", word, parse_severity, Severity)


def as_type(word: str) -> IncidentType:
    """Parse an incident type. Raises Invalid (field `incident_type`)."""
    return parsed("incident_type", word, parse_type, IncidentType)


def as_stage(word: str) -> Stage:
    """Parse a stage. Raises Invalid (field `stage`)."""
    return parsed("stage", word, parse_stage, Stage)


def as_impact(word: str) -> Impact:
    """Parse an impact. Raises Invalid (field `impact`)."""
    return parsed("impact", word, lambda text: Impact(_plain(text)), Impact)


def as_role(word: str) -> ResponseRole:
    """Parse a role. Raises Invalid (field `role`)."""
    return parsed(
        "role", word, lambda text: ResponseRole(_plain(_CAMEL.sub("_", text.strip()))), ResponseRole
    )


def as_status_or_stage(word: str) -> Status | Stage:
    """Parse a status, or a stage name. Raises Invalid (field `status`)."""
    choices: tuple[Status | Stage, ...] = (*Status, *Stage)
    return parsed("status", word, _status_or_stage, choices)


def _plain(text: str) -> str:
    return text.strip().casefold().replace("-", "_").replace(" ", "_")


def _status_or_stage(text: str) -> Status | Stage:
    try:
        return parse_status(text)
    except ValueError:
        return parse_stage(text)
