"""Parses alerts, events or changes by a mapping, and reports what was not found. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as Read
from dataclasses import dataclass
from typing import Any, Final

from core.errors import FieldFault, Invalid
from detection.ingest.parsing import Fault
from detection.webhooks.mapping.definition import Mapping
from detection.webhooks.mapping.paths import find_all, text_of, value_of
from detection.webhooks.parsed import Alert, AlertState, Change, ChangeKind, Reading
from detection.webhooks.synonyms import IGNORED, state_of
from detection.webhooks.values import (
    first_line,
    labels_of,
    line,
    link,
    links,
    moment,
    not_a_tool,
    plain_name,
    prose,
    severity_of,
    type_of,
)
from incidents.vocabulary import IncidentType, Severity

MAX_KEY: Final = 200
MAX_DETAIL: Final = 50
MAX_ELEMENTS: Final = 1000
# One body is one transaction, for which the workspace's other alerts wait, so openings are limited.
MAX_INCIDENTS: Final = 300
_LEVELS: Final = {
    Severity.SEV1: "critical",
    Severity.SEV2: "error",
    Severity.SEV3: "warning",
    Severity.SEV4: "info",
}


@dataclass(frozen=True, slots=True)
class Found:
    """One element of the body. `texts` has the result of each expression."""

    texts: Read[str, str]
    state: str
    severity: Severity | None
    labels: Read[str, str]
    notes: tuple[str, ...]
    raw: Any
    unknown_state: str = ""


def read_mapped(mapping: Mapping, body: Any) -> Reading:
    """Parse a body. Elements without a title are named in `faults`; ignored ones are left out.

    Raises Invalid for more than 1,000 elements, or alerts of more than 300 incidents.
    """
    elements = _elements(mapping, body)
    if len(elements) > MAX_ELEMENTS:
        raise _too_many(f"{MAX_ELEMENTS} elements", len(elements))
    found = [_find_values(mapping, element) for element in elements]
    faults = [_untitled(place) for place, one in enumerate(found) if not one.texts["title"]]
    sound = [one for one in found if one.texts["title"] and one.state != IGNORED]
    if mapping.kind == "event":
        return Reading(events=tuple(_event(one) for one in sound), faults=tuple(faults))
    if mapping.kind == "change":
        return Reading(changes=tuple(_change(mapping, one) for one in sound), faults=tuple(faults))
    alerts = tuple(_alert(one) for one in sound)
    apart = len({alert.group or alert.key for alert in alerts})
    if apart > MAX_INCIDENTS:
        raise _too_many(f"alerts of {MAX_INCIDENTS} groups", apart)
    return Reading(alerts=alerts, faults=tuple(faults))


def _too_many(most: str, found: int) -> Invalid:
    fault = FieldFault("", "max_items", f"holds {found}")
    return Invalid(f"One body may hold {most}, not {found}. Send them in parts.", faults=[fault])


def find_values(mapping: Mapping, body: Any) -> list[Found]:
    """Return what the mapping finds in each element, unvalidated; also used by the preview."""
    return [_find_values(mapping, element) for element in _elements(mapping, body)]


def _elements(mapping: Mapping, body: Any) -> list[Any]:
    return find_all(mapping.each, body) if mapping.each else body if isinstance(body, list) else [body]


def key_of(*parts: str) -> str:
    """Return a key of at most 200 characters: the parts joined, or their digest if that is too long."""
    key = ":".join(parts)
    return key if len(key) <= MAX_KEY else hashlib.sha256(key.encode()).hexdigest()


def detail_of(raw: Any) -> dict[str, Any]:
    """Return what is stored of an element besides mapped fields; large ones are truncated later."""
    return dict(list(raw.items())[:MAX_DETAIL]) if isinstance(raw, dict) else {"value": raw}


def _find_values(mapping: Mapping, element: Any) -> Found:
    names = ("title", "description", "component", "key", "group", "severity", "state", "event_type",
             "occurred_at", "url", "version", "author")  # fmt: skip
    spelled = _spelled(element)
    texts = {name: text_of(getattr(mapping, name), spelled) for name in names}
    notes: list[str] = []
    state, severity = _state(mapping, texts["state"], notes), _severity(mapping, texts["severity"], notes)
    if moment(texts["occurred_at"]) is None:
        notes.append("No time found: the time of arrival counts.")
    if mapping.kind == "alert" and not texts["key"]:
        notes.append("No key found: alerts of the same component and title are one.")
    return Found(
        texts,
        state,
        severity,
        _labels(mapping, spelled),
        tuple(notes),
        element,
        unknown_state(mapping, texts["state"]),
    )


def _spelled(element: Any) -> Any:
    """Return the element with members also under plain names: `Severity`, `host.name` and `Host-Name`."""
    if not isinstance(element, dict):
        return element
    return {plain_name(str(name)): value for name, value in element.items()} | element


def unknown_state(mapping: Mapping, word: str) -> str:
    """Return the state's word if neither the mapping nor the common table knows it; else ""."""
    return line(word, 100) if word and not state_of(word, mapping.states) else ""


def _state(mapping: Mapping, word: str, notes: list[str]) -> str:
    state = state_of(word, mapping.states)
    if not state and mapping.kind == "alert":
        problem = f"{line(word, 60)!r} is no state known here" if word else "No state found"
        notes.append(f"{problem}: taken as {mapping.default_state}.")
    return state or mapping.default_state


def _severity(mapping: Mapping, word: str, notes: list[str]) -> Severity | None:
    own = {name: Severity(meaning) for name, meaning in mapping.severities.items()}
    severity = severity_of(word, own) or (
        Severity(mapping.default_severity) if mapping.default_severity else None
    )
    if severity_of(word, own) is None and mapping.kind != "change":
        problem = f"{line(word, 60)!r} is no severity known here" if word else "No severity found"
        notes.append(f"{problem}: taken as {severity or 'the default of the source'}.")
    return severity


def _labels(mapping: Mapping, element: Any) -> dict[str, str]:
    value = value_of(mapping.labels, element) if "{" not in mapping.labels else None
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, list):
        value = {name: text or "yes" for name, _, text in (line(one).partition(":") for one in value)}
    return labels_of(value)


def _untitled(place: int) -> Fault:
    return Fault(place, "title", "required", "no title was found; see the mapping of this source")


def _alert(one: Found) -> Alert:
    texts, at = one.texts, moment(one.texts["occurred_at"])
    title, component = line(texts["title"]), not_a_tool(texts["component"])
    is_over = one.state == AlertState.RESOLVED
    return Alert(
        key=key_of(first_line(texts["key"], limit=2000) or key_of(component, title)),
        state=AlertState(one.state), title=title, severity=one.severity,
        description=prose(texts["description"]), component=component,
        incident_type=type_of(texts["event_type"]) or IncidentType.OTHER,
        group=key_of(texts["group"]), starts_at=None if is_over else at, ends_at=at if is_over else None,
        labels=one.labels, links=links(link(texts["url"])), detail=detail_of(one.raw),
        severity_word=line(texts["severity"], 100), state_word=one.unknown_state,
        is_guess=bool(one.unknown_state),
    )  # fmt: skip


def _change(mapping: Mapping, one: Found) -> Change:
    texts = one.texts
    return Change(
        summary=line(texts["title"]), kind=ChangeKind(mapping.change_kind),
        key=key_of(texts["key"]) if texts["key"] else "", component=line(texts["component"]),
        version=line(texts["version"], 100), author=line(texts["author"], 100),
        occurred_at=moment(texts["occurred_at"]), links=links(link(texts["url"])), detail=detail_of(one.raw),
    )  # fmt: skip


def _event(one: Found) -> dict[str, Any]:
    texts = one.texts
    event: dict[str, Any] = {
        "source": line(texts["component"]) or "unknown",
        "level": _LEVELS[one.severity] if one.severity else "info",
        "message": prose(texts["description"] or texts["title"])[:8192],
        "event_type": line(texts["event_type"]),
        "metadata": detail_of(one.raw),
    }
    at = moment(texts["occurred_at"])
    return (
        event
        | ({"event_id": key_of(texts["key"])} if texts["key"] else {})
        | ({"occurred_at": at.isoformat()} if at else {})
    )
