"""Conclusions of an analyser about an incident, before they are stored. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from incidents.vocabulary import Category, Severity

MAX_SUMMARY_CHARS: Final = 600
MAX_MODEL_SUMMARY_CHARS: Final = 800
MAX_ESSENCE_CHARS: Final = 600


@dataclass(frozen=True, slots=True)
class Advice:
    """A recommended action: a sentence, and the slug of a remediation action where one does it."""

    text: str
    slug: str = ""


@dataclass(frozen=True, slots=True)
class IncidentFeatures:
    """Features for comparing incidents: shapes of the messages, words, hashes of correlation ids."""

    shapes: tuple[int, ...] = ()
    words: str = ""
    correlations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisDraft:
    """The conclusions of one run of an analyser.

    evidence: objects that say why the category was chosen. cause: what is known of the root cause.
    """

    category: Category
    severity: Severity
    severity_reason: str
    summary: str
    advice: tuple[Advice, ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()
    cause: Mapping[str, Any] = field(default_factory=dict)
    event_count: int = 0
    rules_digest: str = ""

    def digest(self) -> str:
        """Return 64 hex digits, equal for equal conclusions."""
        return hashlib.sha256(orjson.dumps(dataclasses.asdict(self), option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True)
class ModelText:
    """Text by a language model about an incident.

    revision: of the built-in analysis it was sent. ranking: positions in the advice of that analysis, counted
    from 1, the most useful first. sent: the request, word for word.
    """

    revision: int
    model: str
    category: Category
    summary: str
    ranking: tuple[int, ...]
    sent: str
