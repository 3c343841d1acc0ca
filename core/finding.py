"""One search over everything: each app registers a finder; the palette and the page /find ask them all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from core.errors import Forbidden
from core.registry import Registry

LONGEST: Final = 100  # characters of a question that are read
MOST: Final = 6  # of one kind


@dataclass(frozen=True)
class Found:
    """One thing found: its name, where it is (a path), and a few words that tell it from its like."""

    title: str
    url: str
    more: str = ""
    icon: str = ""


class Finder(ABC):
    """Finds things of one kind. It asks only what an index answers: it runs while somebody types.

    order: where its group stands. icon: for those it finds.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]
    order: ClassVar[int] = 50

    @abstractmethod
    def find(self, actor: Any, text: str, limit: int) -> Sequence[Found]:
        """Up to `limit` things for a stripped, non-empty text, best first. Raises Forbidden."""


@dataclass(frozen=True)
class Group:
    """What one finder found."""

    name: str
    title: str
    found: Sequence[Found]


FINDERS: Registry[Finder] = Registry("finder")


def finder(cls: type[Finder]) -> type[Finder]:
    """Class decorator: register the finder."""
    FINDERS.add(cls.name, cls())
    return cls


def find_everything(actor: Any, text: str, limit: int = MOST) -> list[Group]:
    """What the viewer may see and the text names, by kind; kinds without any are left out."""
    text = " ".join(text.replace("\0", " ")[:LONGEST].split())
    if not text:
        return []
    groups = [
        Group(one.name, one.title, [_dressed(one, found) for found in _found(one, actor, text, limit)])
        for one in sorted(FINDERS, key=lambda one: one.order)
    ]
    return [group for group in groups if group.found]


def _found(one: Finder, actor: Any, text: str, limit: int) -> Sequence[Found]:
    try:
        return one.find(actor, text, limit)
    except Forbidden:
        return ()


def _dressed(one: Finder, found: Found) -> Found:
    return found if found.icon else Found(found.title, found.url, found.more, one.icon)
