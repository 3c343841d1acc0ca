"""HTML fragment cache, keyed by everything a fragment shows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Final

from django.utils.safestring import SafeString

MAX_CHARS: Final = 16_384  # longer fragments are rendered each time


class RenderCache:
    """Bounded cache of rendered HTML in this process; drops the least recently used fragment when full."""

    def __init__(self, max_entries: int, max_chars: int = MAX_CHARS) -> None:
        self._max_entries = max_entries
        self._max_chars = max_chars
        self._fragments: OrderedDict[Hashable, SafeString] = OrderedDict()
        self._lock = Lock()  # requests are served by several threads

    def get(self, shown: Hashable, render: Callable[[], str]) -> SafeString:
        """Return the fragment for `shown`, rendering it if needed.

        `shown` must contain every value that `render` puts into the fragment, ages as displayed.
        """
        with self._lock:
            if (html := self._fragments.get(shown)) is not None:
                self._fragments.move_to_end(shown)
                return html
        html = SafeString(render())
        if len(html) <= self._max_chars:
            with self._lock:
                self._fragments[shown] = html
                if len(self._fragments) > self._max_entries:
                    self._fragments.popitem(last=False)
        return html
