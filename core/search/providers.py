"""Global search: registry of search providers, used by the palette and /find."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from core.errors import Forbidden
from core.registry import Registry

MAX_QUERY_CHARS: Final = 100  # characters of a query that are read
MAX_HITS_PER_KIND: Final = 6


@dataclass(frozen=True)
class SearchHit:
    """A search result: its title, its path, and a few words that distinguish it from similar ones."""

    title: str
    url: str
    more: str = ""
    icon: str = ""


class SearchProvider(ABC):
    """Finds things of one kind. It must use indexes only: it runs while someone types.

    order: the position of its group. icon: shown with its hits.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]
    order: ClassVar[int] = 50

    @abstractmethod
    def find(self, actor: Any, text: str, limit: int) -> Sequence[SearchHit]:
        """Return up to `limit` hits for a stripped, non-empty text, best first. Raises Forbidden."""


@dataclass(frozen=True)
class SearchGroup:
    """The hits of one provider."""

    name: str
    title: str
    found: Sequence[SearchHit]


SEARCH_PROVIDERS: Registry[SearchProvider] = Registry("search provider")


def search_provider(cls: type[SearchProvider]) -> type[SearchProvider]:
    """Class decorator: register the search provider."""
    SEARCH_PROVIDERS.add(cls.name, cls())
    return cls


def search_everything(actor: Any, text: str, limit: int = MAX_HITS_PER_KIND) -> list[SearchGroup]:
    """Return what the viewer may see and the text matches, by kind; kinds without hits are left out."""
    text = " ".join(text.replace("\0", " ")[:MAX_QUERY_CHARS].split())
    if not text:
        return []
    groups = [
        SearchGroup(
            one.name, one.title, [_with_icon(one, found) for found in _hits_of(one, actor, text, limit)]
        )
        for one in sorted(SEARCH_PROVIDERS, key=lambda one: one.order)
    ]
    return [group for group in groups if group.found]


def _hits_of(one: SearchProvider, actor: Any, text: str, limit: int) -> Sequence[SearchHit]:
    try:
        return one.find(actor, text, limit)
    except Forbidden:
        return ()


def _with_icon(one: SearchProvider, found: SearchHit) -> SearchHit:
    return found if found.icon else SearchHit(found.title, found.url, found.more, one.icon)
