"""Incident list filter, parsed from any parameters. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from incidents.parsing import parsed
from incidents.validation import clean_line, invalid
from incidents.vocabulary import (
    UNRESOLVED,
    IncidentType,
    Severity,
    Stage,
    Status,
    parse_severity,
    parse_stage,
    parse_status,
    parse_type,
)  # fmt: skip

T = TypeVar("T")
_SPAN: Final = re.compile(r"([0-9]{1,6})\s*([smhdw])", re.ASCII | re.IGNORECASE)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
ACTIVE: Final = frozenset({"active", "unresolved"})
MAX_VALUES: Final = 50  # more would allow a URL whose query takes seconds
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "severity": ("severity", "severities"),
    "status": ("status", "statuses"),
    "stage": ("stage", "stages"),
    "component": ("component", "components", "affected_component", "service"),
    "type": ("type", "types", "incident_type"),
    "label": ("label", "labels"),
    "assigned_to": ("assigned_to", "assigned-to", "assignee", "commander"),
    "search": ("search", "q"),
    "project": ("project", "project_id", "projectId"),
    "since": ("since", "from"),
    "until": ("until", "to"),
    "resolved_since": ("resolved_since",),
    "acknowledged": ("acknowledged",),
    "sla": ("sla",),
}
YES_OR_NO: Final[Mapping[str, bool]] = {"yes": True, "no": False}
SLA_MISSED: Final = "missed"
FIRST_YEAR, LAST_YEAR = 1970, 2200  # periods as long as theirs can be counted back from both


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """All non-empty conditions must hold; within one, any value matches.

    `stages_as_status` are stage names given as status: they widen `statuses` instead of narrowing it. `since`
    and `until` bound `detected_at` (from inclusive, to exclusive). `assigned_to` is a user name, or "none"
    for incidents without a commander. `sla_missed_at`: open and past their next deadline at that time.
    """

    severities: frozenset[Severity] = frozenset()
    statuses: frozenset[Status] = frozenset()
    stages_as_status: frozenset[Stage] = frozenset()
    stages: frozenset[Stage] = frozenset()
    components: frozenset[str] = frozenset()
    types: frozenset[IncidentType] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    assigned_to: str = ""
    search: str = ""
    project: str = ""
    since: datetime | None = None
    until: datetime | None = None
    resolved_since: datetime | None = None
    is_acknowledged: bool | None = None
    sla_missed_at: datetime | None = None


def parse_filter(given: Mapping[str, Any], *, now: datetime | None = None) -> IncidentFilter:
    """Parse query parameters, a form or JSON; unknown names are ignored, empty values mean no condition.

    Several values, at most 50, are given as a list, separated by commas, or by repeating the parameter (a
    QueryDict). Raises Invalid naming the parameter.
    """
    now = now or datetime.now(UTC)
    values = {name: values_of(given, name) for name in NAMES}
    statuses, stages = _statuses(values["status"])
    return IncidentFilter(
        severities=_words("severity", values["severity"], parse_severity, Severity),
        statuses=statuses,
        stages_as_status=stages,
        stages=_words("stage", values["stage"], parse_stage, Stage),
        components=frozenset(clean_line("component", value) for value in values["component"]),
        types=_words("type", values["type"], parse_type, IncidentType),
        labels=dict(_label(value) for value in values["label"]),
        assigned_to=_single("assigned_to", values),
        search=_single("search", values),
        project=_single("project", values),
        since=_moment("since", _single("since", values), now),
        until=_moment("until", _single("until", values), now),
        resolved_since=_moment("resolved_since", _single("resolved_since", values), now),
        is_acknowledged=_yes_or_no("acknowledged", _single("acknowledged", values)),
        sla_missed_at=now if _sla(_single("sla", values)) else None,
    )


def values_of(given: Mapping[str, Any], name: str) -> list[str]:
    """Return the values of a parameter under any of its names, split at commas. Raises Invalid naming it."""
    found: list[Any] = []
    for alias in NAMES[name]:
        if alias in given:
            getlist = getattr(given, "getlist", None)
            value = getlist(alias) if getlist else given[alias]
            found.extend(value if isinstance(value, list | tuple | set | frozenset) else [value])
    texts = [_text(name, value) for value in found if value is not None]
    if name in ("search", "assigned_to"):
        return [text.strip() for text in texts if text.strip()]
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    if len(words) > MAX_VALUES:
        raise invalid(name, "max_items", f"must be at most {MAX_VALUES} values, not {len(words)}")
    return words


def _text(name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        raise invalid(name, "type", "must be text")
    return value


def _single(name: str, values: Mapping[str, list[str]]) -> str:
    if len(values[name]) > 1:
        raise invalid(name, "single", "must be given once")
    return clean_line(name, values[name][0]) if values[name] else ""


def _words(name: str, words: Iterable[str], parse: Callable[[str], T], known: Iterable[T]) -> frozenset[T]:
    return frozenset(parsed(name, word, parse, known) for word in words)


def _statuses(words: Iterable[str]) -> tuple[frozenset[Status], frozenset[Stage]]:
    statuses: set[Status] = set()
    stages: set[Stage] = set()
    for word in words:
        if word.casefold() in ACTIVE:
            statuses.update(UNRESOLVED)
        elif (stage := _stage(word)) is not None:
            stages.add(stage)
        else:
            statuses.add(parsed("status", word, parse_status, ("active", *Status, *Stage)))
    return frozenset(statuses), frozenset(stages)


def _stage(word: str) -> Stage | None:
    try:
        return parse_stage(word)
    except ValueError:
        return None


def _label(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=" if "=" in text else ":")
    if not sign or not name.strip():
        raise invalid("label", "pair", "must look like name=value")
    return clean_line("label", name), clean_line("label", value) if value.strip() else ""


def _yes_or_no(name: str, word: str) -> bool | None:
    return YES_OR_NO[parsed(name, word.casefold(), _canonical_word, YES_OR_NO)] if word else None


def _canonical_word(word: str) -> str:
    if word not in YES_OR_NO:
        raise ValueError("neither")
    return word


def _sla(word: str) -> bool:
    if word and word.casefold() != SLA_MISSED:
        raise invalid("sla", "choice", f"must be {SLA_MISSED}")
    return bool(word)


def _moment(name: str, text: str, now: datetime) -> datetime | None:
    """Parse `15m`, `1h`, `24h`, `7d` before now; a date or a time in ISO 8601, UTC without a zone."""
    if not text:
        return None
    if span := _SPAN.fullmatch(text):
        return _back(name, now, int(span[1]) * _UNITS[span[2].lower()])
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(name, "time", "must be a span such as 1h or 7d, or a time in ISO 8601") from error
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise invalid(name, "time", f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def _back(name: str, now: datetime, seconds: int) -> datetime:
    ago = timedelta(seconds=seconds)
    if ago > now - datetime(FIRST_YEAR, 1, 1, tzinfo=UTC):
        raise invalid(name, "time", f"must not reach back before the year {FIRST_YEAR}")
    return now - ago
