"""Recommended actions by incident type and category, from `data/advice.toml`."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from detection.analysis.categories import DATA, RuleError
from incidents.analysis.draft import Advice
from incidents.vocabulary import Category, IncidentType

MAX_ADVICE: Final = 5


@dataclass(frozen=True, slots=True)
class AdviceBook:
    """All advice, by type and by category."""

    by_type: Mapping[IncidentType, tuple[Advice, ...]]
    by_category: Mapping[Category, tuple[Advice, ...]]


def parse_advice(text: str) -> AdviceBook:
    """Return the advice of a TOML document.

    Raises RuleError for an unknown type or category, or an empty text.
    """
    found = tomllib.loads(text)
    try:
        types = {IncidentType(name): _lines(name, lines) for name, lines in found["type"].items()}
        categories = {Category(name): _lines(name, lines) for name, lines in found["category"].items()}
    except (KeyError, ValueError) as error:
        raise RuleError(f"advice: {error}") from error
    return AdviceBook(types, categories)


def _lines(name: str, lines: list[dict[str, str]]) -> tuple[Advice, ...]:
    advice = tuple(Advice(str(one.get("text", "")).strip(), str(one.get("slug", ""))) for one in lines)
    if not advice or not all(one.text for one in advice):
        raise RuleError(f"advice for {name}: every line needs a text")
    return advice


@functools.cache
def advice_book() -> AdviceBook:
    """Return the shipped advice, read once per process."""
    return parse_advice((DATA / "advice.toml").read_text())


def advise(incident_type: IncidentType, category: Category) -> tuple[Advice, ...]:
    """Return at most five actions: first those of a known category, then those of the type.

    Each action once.
    """
    book = advice_book()
    of_type, of_category = book.by_type.get(incident_type, ()), book.by_category.get(category, ())
    ordered = [*of_category, *of_type] if category != Category.UNKNOWN else [*of_type, *of_category]
    chosen: list[Advice] = []
    for one in ordered:
        if not one.slug or all(one.slug != known.slug for known in chosen):
            chosen.append(one)
    return tuple(chosen[:MAX_ADVICE])
