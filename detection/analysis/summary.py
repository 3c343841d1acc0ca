"""Summary of an analysis: sentences generated from figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from core.templatetags.ui import compact
from detection.analysis.categories import Verdict
from incidents.analysis.draft import MAX_SUMMARY_CHARS
from incidents.vocabulary import Category

MAX_QUOTE_CHARS: Final = 140
MAX_NAME_CHARS: Final = 60
SHOWN_SOURCES: Final = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """Counts of an incident's events."""

    event_count: int = 0
    error_count: int = 0
    sources: Mapping[str, int] = field(default_factory=dict)
    primary_type: str = ""
    first_source: str = ""
    lasted: timedelta = timedelta()


def summarize(facts: Facts, verdict: Verdict) -> str:
    """Return at most 600 characters: event counts by source, where it began, and the likely category."""
    text = " ".join(part for part in (_counted(facts), _began(facts), _conclusion(facts, verdict)) if part)
    return cut(text, MAX_SUMMARY_CHARS)


def _counted(facts: Facts) -> str:
    if not facts.event_count:
        return "No stored events belong to this incident; its title and description were read."
    names = sorted(facts.sources, key=lambda name: (-facts.sources[name], name))
    shown = ", ".join(
        f"{cut(name, MAX_NAME_CHARS)} ({facts.sources[name]})" for name in names[:SHOWN_SOURCES]
    )
    more = f" and {len(names) - SHOWN_SOURCES} more sources" if len(names) > SHOWN_SOURCES else ""
    kind = f", most often {cut(facts.primary_type, MAX_NAME_CHARS)}" if facts.primary_type else ""
    errors = f", {facts.error_count} of them errors," if facts.error_count < facts.event_count else ""
    unit = "event" if facts.event_count == 1 else "events"
    return f"{facts.event_count} {unit}{errors} from {shown}{more} within {compact(facts.lasted)}{kind}."


def _began(facts: Facts) -> str:
    several = len(facts.sources) > 1 and facts.first_source
    return f"{cut(facts.first_source, MAX_NAME_CHARS)} failed first." if several else ""


def _conclusion(facts: Facts, verdict: Verdict) -> str:
    subject = "events" if facts.event_count else "words"
    if verdict.category == Category.UNKNOWN or not verdict.evidence:
        return f"The {subject} name no cause."
    first = verdict.evidence[0]
    quote = cut(" ".join(first.line.split()), MAX_QUOTE_CHARS)
    return f"{verdict.category.label}: {first.why[:1].lower()}{first.why[1:]} (“{quote}”)."


def cut(text: str, limit: int) -> str:
    """Return the text, at most `limit` characters, with an ellipsis if it was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
