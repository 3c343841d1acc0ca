"""Registry of what apps above incidents add to the menu of an incident's row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.registry import Registry


@dataclass(frozen=True, slots=True)
class RowAction:
    """One entry: `url` holds {ref} for the incident. It is offered to responders, for open incidents."""

    title: str
    url: str
    order: int = 50


ROW_ACTIONS: Final[Registry[RowAction]] = Registry("row action")


def row_actions(reference: str) -> list[tuple[str, str]]:
    """(title, address) of each entry for one incident, in order."""
    shown = sorted(ROW_ACTIONS, key=lambda one: one.order)
    return [(one.title, one.url.format(ref=reference)) for one in shown]
