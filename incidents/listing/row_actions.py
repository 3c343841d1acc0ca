"""Registries of entries that apps above add to the menu of an incident's row and to the bulk bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.registry import Registry


@dataclass(frozen=True, slots=True)
class RowAction:
    """One entry: `url` has {ref} for the incident. Shown to responders, for open incidents."""

    title: str
    url: str
    order: int = 50


@dataclass(frozen=True, slots=True)
class BulkAction:
    """One button: `url` gets the selected incidents as `pick=42:7`, by POST. Shown to responders."""

    title: str
    icon: str
    url: str
    order: int = 50


ROW_ACTIONS: Final[Registry[RowAction]] = Registry("row action")
BULK_ACTIONS: Final[Registry[BulkAction]] = Registry("bulk action")


def row_actions(reference: str) -> list[tuple[str, str]]:
    """Return (title, URL) of each entry for one incident, in order."""
    shown = sorted(ROW_ACTIONS, key=lambda one: one.order)
    return [(one.title, one.url.format(ref=reference)) for one in shown]


def bulk_actions() -> list[BulkAction]:
    """Return the buttons of the bulk bar, in order."""
    return sorted(BULK_ACTIONS, key=lambda one: one.order)
