"""Search provider for pages: menus, settings, and pages that are in no menu."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.search.providers import SearchHit, SearchProvider, search_provider
from core.ui.navigation import NAVIGATION, PAGES, SETTINGS, NavItem, navigation


@search_provider
class Pages(SearchProvider):
    """Pages the viewer may open whose name or synonyms contain every word of the query."""

    name = "pages"
    title = "Pages"
    icon = "arrow-right"
    order = 15

    def find(self, actor: Actor, text: str, limit: int) -> Sequence[SearchHit]:
        words = text.casefold().split()
        found = [item for item in _pages(actor) if all(word in _known(item) for word in words)]
        found.sort(key=lambda item: not item.title.casefold().startswith(words[0]))
        return [SearchHit(item.title, item.url, item.group, item.icon) for item in found[:limit]]


def _pages(actor: Actor) -> Iterator[NavItem]:
    """Return each URL once."""
    seen = set[str]()
    for entries in (NAVIGATION, SETTINGS, PAGES):
        for item in navigation(lambda capability: allowed(actor, Capability(capability)), entries):
            if item.url not in seen:
                seen.add(item.url)
                yield item


def _known(item: NavItem) -> str:
    return f"{item.title} {item.also} {item.group}".casefold()
