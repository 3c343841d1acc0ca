"""HTML fragment cache, keyed by everything a fragment shows."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from django.utils.safestring import SafeString

MAX_CHARS: Final = 16_384  # characters; longer ones are made each time


class RenderCache:
    """At most `most` finished pieces of HTML in this process; when it is full it begins anew."""

    def __init__(self, most: int, largest: int = MAX_CHARS) -> None:
        self._most = most
        self._largest = largest
        self._known: dict[Hashable, SafeString] = {}

    def get(self, shown: Hashable, make: Callable[[], str]) -> SafeString:
        """What was made for `shown`. So it must name all that `make` puts into it, times by their words."""
        html = self._known.get(shown)
        if html is None:
            html = SafeString(make())
            if len(self._known) >= self._most:
                self._known.clear()
            if len(html) <= self._largest:
                self._known[shown] = html
        return html
