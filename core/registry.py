"""Named registry with a decorator and package discovery."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Items by name, in the order they were added. `kind` is what error messages call one of them."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> T:
        """Add one item and return it. Raises ValueError when another one holds the name."""
        held = self._items.setdefault(name, item)
        if held is not item:
            raise ValueError(f"two items are called {name!r} among the {self.kind}s")
        return item

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator form of `add`."""
        return lambda item: self.add(name, item)

    def get(self, name: str) -> T:
        """Return the item of that name. Raises LookupError naming the known ones."""
        if name not in self._items:
            raise LookupError(f"there is no {self.kind} {name!r}; known: {', '.join(self._items) or 'none'}")
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._items.values()))

    def __len__(self) -> int:
        return len(self._items)

    def names(self) -> list[str]:
        """Return the names, in the order they were added."""
        return list(self._items)

    def discover(self, package: str) -> Registry[T]:
        """Import every module of `package`, so that decorators run; modules starting with _ are skipped."""
        folder = importlib.import_module(package).__path__
        for module in pkgutil.iter_modules(folder):
            if not module.name.startswith("_"):
                importlib.import_module(f"{package}.{module.name}")
        return self
