"""Component list filters from a query string. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from incidents.overview.health import Standing
from incidents.parsing import parsed
from incidents.validation import clean_line

TIERS: Final = range(1, 6)
TIER_CHOICES: Final = tuple((str(tier), f"Tier {tier}") for tier in TIERS)
NAMES: Final = ("search", "health", "tier", "archived")


@dataclass(frozen=True, slots=True)
class ComponentFilter:
    """Part of the name, a health state, a tier; archived components only on request, and then alone."""

    search: str = ""
    standing: Standing | None = None
    tier: int | None = None
    is_archived: bool = False


def parse_component_filter(given: Mapping[str, str]) -> ComponentFilter:
    """`?search=api&health=down&tier=1&archived=yes`; empty values mean no condition.

    Raises Invalid naming the parameter.
    """
    search, health, tier, archived = (given.get(name, "").strip() for name in NAMES)
    return ComponentFilter(
        search=clean_line("search", search) if search else "",
        standing=parsed("health", health.casefold(), Standing, Standing) if health else None,
        tier=parsed("tier", tier, _tier, TIERS) if tier else None,
        is_archived=bool(archived) and parsed("archived", archived, _yes_or_no, ("yes", "no")) == "yes",
    )


def _tier(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) in TIERS):
        raise ValueError("no such tier")
    return int(text)


def _yes_or_no(text: str) -> str:
    if text not in ("yes", "no"):
        raise ValueError("neither")
    return text
