"""Parses, validates and applies the matchers of silences and maintenance windows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from core.errors import FieldFault
from incidents.reference import parse_reference
from incidents.vocabulary import IncidentType, Severity

FIELDS: Final = ("severity", "type", "component", "title", "incident")
OPERATORS: Final = ("=", "!=", "~")
MAX_MATCHERS: Final = 20
MAX_VALUE_LENGTH: Final = 200
_LINE: Final = re.compile(r"\s*([a-z]+(?:\.[^\s=!~]+)?)\s*(!=|=|~)\s*(.+?)\s*\Z")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition: a field, an operator (`~`: `*` is a wildcard) and a value."""

    field: str
    op: str
    value: str

    def __str__(self) -> str:
        return f"{self.field} {self.op} {self.value}"

    def as_json(self) -> dict[str, str]:
        """JSON for storage."""
        return {"field": self.field, "op": self.op, "value": self.value}


def matchers_from(stored: Iterable[Mapping[str, str]]) -> list[Matcher]:
    """Matchers from stored or received JSON."""
    return [Matcher(one["field"].strip(), one["op"], one["value"].strip()) for one in stored]


def parse_matchers(text: str) -> list[Matcher]:
    """Parse one matcher per line, such as `component = api`. Raises ValueError naming the line."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        parts = _LINE.match(line)
        if parts is None:
            raise ValueError(f"Line {number} is not “field = value”, “field != value” or “field ~ pattern*”.")
        found.append(Matcher(*parts.groups()))
    return found


def matches(matchers: Sequence[Matcher], snapshot: Mapping[str, Any]) -> bool:
    """Whether all matchers match an incident."""
    return all(_holds(one, _values(one.field, snapshot)) for one in matchers)


def _values(field: str, snapshot: Mapping[str, Any]) -> Sequence[str]:
    if field.startswith("label."):
        value = (snapshot.get("labels") or {}).get(field.removeprefix("label."))
        return [] if value is None else [str(value)]
    if field == "component":
        return [str(name) for name in snapshot.get("components") or ()]
    name = {"incident": "number"}.get(field, field)
    return [str(snapshot.get(name) or "")]


def _holds(matcher: Matcher, values: Sequence[str]) -> bool:
    if matcher.op == "~":
        return any(fnmatchcase(value.lower(), matcher.value.lower()) for value in values)
    wanted = _number(matcher.value) if matcher.field == "incident" else matcher.value
    return (wanted in values) == (matcher.op == "=")


def _number(text: str) -> str:
    return str(parse_reference(text))


def matcher_faults(matchers: Sequence[Matcher], *, includes_sev1: bool) -> list[FieldFault]:
    """Validation errors: unknown fields or values, too broad, or never matching."""
    if not 1 <= len(matchers) <= MAX_MATCHERS:
        return [_fault("length", f"must be 1 to {MAX_MATCHERS}: a silence over everything is refused")]
    faults = [fault for one in matchers for fault in _faults_of(one)]
    narrowing = [one for one in matchers if one.op != "!=" and one.value.strip("*?")]
    if not faults and not narrowing:
        faults.append(_fault("wide", "would match everything: name a component, type, label or title"))
    if not faults and (text := _never(matchers, includes_sev1)):
        faults.append(_fault("never", text))
    return faults


def _fault(rule: str, text: str) -> FieldFault:
    return FieldFault("matchers", rule, text)


def _faults_of(one: Matcher) -> Iterable[FieldFault]:
    is_label = one.field.startswith("label.") and len(one.field) > len("label.")
    if one.field not in FIELDS and not is_label:
        yield _fault("choice", f"unknown field {one.field[:40]}; use {', '.join(FIELDS)}, label.<name>")
    if one.op not in OPERATORS:
        yield _fault("choice", f"has the unknown operator {one.op[:10]}: use {', '.join(OPERATORS)}")
    if not 1 <= len(one.value) <= MAX_VALUE_LENGTH:
        yield _fault("length", f"{one.field[:40]}: the value must have 1 to {MAX_VALUE_LENGTH} characters")
    known = {"severity": Severity.values, "type": IncidentType.values}.get(one.field)
    if known and one.op != "~" and one.value not in known:
        yield _fault("choice", f"{one.field} has no value {one.value[:40]}: use {', '.join(known)}")
    if one.field == "incident" and not re.fullmatch(r"(?i)(inc[-_]?)?0*[1-9][0-9]{0,8}", one.value):
        yield _fault("value", "incident must be a number such as INC-42")


def _never(matchers: Sequence[Matcher], includes_sev1: bool) -> str:
    """Why no incident can match, or ""."""
    for field in ("severity", "type", "title", "incident"):
        equal = {one.value for one in matchers if one.field == field and one.op == "="}
        unequal = {one.value for one in matchers if one.field == field and one.op == "!="}
        if len(equal) > 1 or equal & unequal:
            return f"can never match: {field} cannot have these values at once"
        if field == "severity" and equal == {"sev1"} and not includes_sev1:
            return "can never match: a silence leaves SEV1 out unless it includes SEV1"
    return ""
