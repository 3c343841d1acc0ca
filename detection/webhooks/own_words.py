"""A source's own words for severities, and unknown words of its senders. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from detection.webhooks.parsed import Alert, Reading
from detection.webhooks.values import severity_of
from incidents.vocabulary import Severity


class UnknownWord(NamedTuple):
    """A word a sender used for a `kind` (severity, state), and how it was interpreted."""

    kind: str
    word: str
    taken_as: str


class Settings(Protocol):
    """The part of a source's settings that is needed."""

    @property
    def mapping(self) -> Mapping[str, Any]: ...
    @property
    def default_severity(self) -> Severity: ...


def own_severities(settings: Settings) -> dict[str, Severity]:
    """Return the source's table `{"severities": {"error": "sev1"}}`, its words in lower case."""
    own = settings.mapping.get("severities")
    words = (
        {str(word).strip().casefold(): value for word, value in own.items()}
        if isinstance(own, Mapping)
        else {}
    )
    return {word: found for word, value in words.items() if (found := severity_of(value)) is not None}


def with_own_severities(reading: Reading, settings: Settings) -> Reading:
    """Return the reading with severities by the source's own table."""
    own = own_severities(settings)
    if not own or not reading.alerts:
        return reading
    return replace(reading, alerts=tuple(_translated(alert, own) for alert in reading.alerts))


def _translated(alert: Alert, own: Mapping[str, Severity]) -> Alert:
    found = own.get(alert.severity_word.strip().casefold())
    return replace(alert, severity=found) if found else alert


def unknown_words(reading: Reading, settings: Settings) -> list[UnknownWord]:
    """Return each unknown word of a reading, once, with its interpretation."""
    return list(dict.fromkeys(word for alert in reading.alerts for word in _of(alert, settings)))


def _of(alert: Alert, settings: Settings) -> Iterator[UnknownWord]:
    word = alert.severity_word.strip()
    is_known = severity_of(word) or word.casefold() in own_severities(settings)
    if word and not is_known and alert.severity in (None, settings.default_severity):
        yield UnknownWord("severity", word[:100], str(alert.severity or settings.default_severity))
    if alert.state_word:
        yield UnknownWord("state", alert.state_word[:100], str(alert.state))
