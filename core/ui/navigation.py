"""Registry of sidebar and settings menu entries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.registry import Registry


@dataclass(frozen=True)
class NavItem:
    """One entry. `url` is a path; `capability` names what the viewer needs, empty: everybody sees it.

    keys: a shortcut such as "g d", unique among the entries. badge: a panel shown at the entry's end.
    group: the heading it stands under, empty for the entries at the top. also: other words it is found by.
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
        """Whether `path` is this entry's page or one below it."""
        return path == self.url or (not self.exact and path.startswith(f"{self.url}/"))


NAVIGATION: Registry[NavItem] = Registry("navigation entry")
SETTINGS: Registry[NavItem] = Registry("settings entry")  # the menu of the settings pages
# Pages that stand in no menu and are found by name: forms, files, pages about oneself.
PAGES: Registry[NavItem] = Registry("page")
EVERYBODY: Final = ""


def navigation(
    holds: Callable[[str], bool] = lambda _: True, entries: Registry[NavItem] = NAVIGATION
) -> list[NavItem]:
    """The entries of a viewer who holds what `holds` says, in order, groups last and together."""
    shown = [item for item in entries if item.capability == EVERYBODY or holds(item.capability)]
    groups = list(dict.fromkeys(item.group for item in sorted(shown, key=_place)))
    return sorted(shown, key=lambda item: (groups.index(item.group), item.order))


def _place(item: NavItem) -> tuple[bool, int]:
    return bool(item.group), item.order


def current_entry(path: str) -> str:
    """The address of the entry that `path` belongs to, the closest one; empty for none."""
    return max((item.url for item in NAVIGATION if item.is_current(path)), key=len, default="")
