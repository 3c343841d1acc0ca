"""Registry of sidebar and settings menu entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.registry import Registry


@dataclass(frozen=True)
class NavItem:
    """One entry. `url` is a path; `capability` is what the viewer needs, empty: every member sees it.

    keys: a shortcut such as "g d", unique among the entries. badge: a panel shown at the entry's end. group:
    its heading, empty for the entries at the top. also: synonyms for the search.
    """

    title: str
    icon: str
    url: str
    order: int = 50
    exact: bool = False
    capability: str = ""
    keys: str = ""
    badge: str = ""
    group: str = ""
    also: str = ""

    def is_current(self, path: str) -> bool:
        """Return whether `path` is this entry's page or one below it."""
        return path == self.url or (not self.exact and path.startswith(f"{self.url}/"))


NAVIGATION: Registry[NavItem] = Registry("navigation entry")
SETTINGS: Registry[NavItem] = Registry("settings entry")
# Pages that are in no menu and are found by search: forms, files, account pages.
PAGES: Registry[NavItem] = Registry("page")
ANY_MEMBER: Final = ""


def navigation(
    holds: Callable[[str], bool] = lambda _: True, entries: Registry[NavItem] = NAVIGATION
) -> list[NavItem]:
    """Return the entries for a viewer, filtered by the capability check `holds`, in order, groups last."""
    shown = [item for item in entries if item.capability == ANY_MEMBER or holds(item.capability)]
    groups = list(dict.fromkeys(item.group for item in sorted(shown, key=_place)))
    return sorted(shown, key=lambda item: (groups.index(item.group), item.order))


def _place(item: NavItem) -> tuple[bool, int]:
    return bool(item.group), item.order


def current_entry(path: str) -> str:
    """Return the URL of the entry that `path` belongs to, the closest one; empty for none."""
    return max((item.url for item in NAVIGATION if item.is_current(path)), key=len, default="")
