"""Words of the command line: severities, states, times. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tocsin.problems import BadUsageError

SEVERITY_WORDS: Final = {"sev1": "CRITICAL", "sev2": "HIGH", "sev3": "MEDIUM", "sev4": "LOW", "sev5": "LOW"}
LEVEL_WORDS: Final = {
    "fatal": "CRITICAL", "critical": "CRITICAL", "error": "HIGH", "warning": "MEDIUM", "info": "LOW",
    "debug": "LOW",
}  # fmt: skip
STAGE_WORDS: Final = {
    "assessment": "assessing", "containment": "containing", "investigation": "investigating",
    "remediation": "remediating", "recovery": "recovering",
}  # fmt: skip
_SINCE: Final = re.compile(r"(\d{1,5})\s*(m|min|h|d|w)")
_UNIT_S: Final = {"m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def severity_word(severity: str) -> str:
    """Return the word of a severity: sev2 -> HIGH."""
    return SEVERITY_WORDS.get(severity, severity.upper())


def status_word(incident: Mapping[str, Any]) -> str:
    """Return the stage while an incident is unresolved, else the status."""
    status = str(incident.get("status", ""))
    if status in {"resolved", "closed"}:
        return status
    stage = str(incident.get("stage", ""))
    return STAGE_WORDS.get(stage, stage or status)


def with_words(incident: Mapping[str, Any]) -> dict[str, Any]:
    """Return an incident of the API with the command line's words beside the canonical values."""
    return {
        **incident,
        "severity_word": severity_word(str(incident.get("severity", ""))),
        "status_word": status_word(incident),
    }


def ago(moment: str | None, now: datetime | None = None) -> str:
    """Return the age in one unit: 5m ago."""
    if not moment:
        return ""
    seconds = int(((now or datetime.now(UTC)) - parsed(moment)).total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return f"{max(0, seconds)}s ago"


def clock(moment: str) -> str:
    """Return the time of day: 10:25:15Z."""
    return f"{parsed(moment).astimezone(UTC):%H:%M:%SZ}"


def parsed(moment: str) -> datetime:
    """Parse a time of the API."""
    found = datetime.fromisoformat(moment)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def since(text: str, now: datetime | None = None) -> str:
    """Convert 24h, 7d or a time to a time for the API."""
    if not text:
        return ""
    if found := _SINCE.fullmatch(text.strip().lower()):
        span = timedelta(seconds=int(found.group(1)) * _UNIT_S[found.group(2)])
        return ((now or datetime.now(UTC)) - span).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        return parsed(text).isoformat()
    except ValueError as error:
        raise BadUsageError(f"{text!r} is no time. Examples: 24h, 7d, 2026-01-28T12:00:00Z.") from error


def moment(text: str, now: datetime | None = None) -> str:
    """Convert +4h, or a time, to a time for the API."""
    if not text.startswith("+"):
        return since(text, now)
    found = _SINCE.fullmatch(text[1:].strip().lower())
    if found is None:
        raise BadUsageError(f"{text!r} is no time. Examples: +4h, 2026-01-28T12:00:00Z.")
    span = timedelta(seconds=int(found.group(1)) * _UNIT_S[found.group(2)])
    return ((now or datetime.now(UTC)) + span).strftime("%Y-%m-%dT%H:%M:%SZ")


def pairs(given: list[str], flag: str) -> dict[str, str]:
    """Parse ["a=1", "b=2"] -> {"a": "1", "b": "2"}."""
    odd = [text for text in given if "=" not in text]
    if odd:
        raise BadUsageError(f"{flag} {odd[0]!r} is not NAME=VALUE.")
    return {name.strip(): value for name, _, value in (text.partition("=") for text in given)}


def listed(given: list[str]) -> list[str]:
    """Split ["a,b", "c"] -> ["a", "b", "c"]: flags may be repeated, and contain commas."""
    return [word.strip() for text in given for word in text.split(",") if word.strip()]
