"""The side bar: each app adds its own entries, so that the layout names none of them."""

from __future__ import annotations

from dataclasses import dataclass

from core.registry import Registry


@dataclass(frozen=True)
class NavItem:
    """One entry. `url` is a path; `capability` names what the viewer needs, empty: everybody sees it."""

    title: str
    icon: str
    url: str
    order: int = 50
    exact: bool = False

    def is_current(self, path: str) -> bool:
        """Whether `path` is this entry's page or one below it."""
        return path == self.url or (not self.exact and path.startswith(f"{self.url}/"))


NAVIGATION: Registry[NavItem] = Registry("navigation entry")


def navigation() -> list[NavItem]:
    """Every entry, in order."""
    return sorted(NAVIGATION, key=lambda item: item.order)
