"""In-memory cache of tokens and compiled rules, invalidated by version.

One cheap query, at most every `CHECK_EVERY_S`, detects changes; so a revoked token and a changed rule take
effect within that time in every process, without a message that could be lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, LiteralString

from accounts.actor import Actor
from accounts.tokens.authentication import Grant
from detection.evaluation.matching import Ruleset

CHECK_EVERY_S: Final = 0.1
KEEP_S: Final = 60.0
MAX_TOKENS: Final = 10_000
VERSIONS: Final[LiteralString] = """
select (select version from detection_ruleset), (select coalesce(max(value), 0) from accounts_tokenepoch)
"""

Query = Callable[[LiteralString], Awaitable[list[tuple[Any, ...]]]]


class IngestCache:
    """The caches of one process. `look` must be awaited before they are used."""

    def __init__(self, ask: Query) -> None:
        self._ask = ask
        self.seen: tuple[int, int] | None = None
        self._looked_at = float("-inf")
        self._emptied_at = time.monotonic()
        self._looking = asyncio.Lock()
        self.grants: dict[str, Grant] = {}
        self.rulesets: dict[int, Ruleset] = {}
        self.local: dict[str, Actor] = {}

    async def look(self) -> None:
        """Drop outdated entries.

        Raises psycopg.Error, OSError or TimeoutError when the database is unreachable.
        """
        if time.monotonic() - self._looked_at < CHECK_EVERY_S:
            return
        async with self._looking:
            if time.monotonic() - self._looked_at < CHECK_EVERY_S:
                return
            started = time.monotonic()
            [seen] = await self._ask(VERSIONS)
            self._compare((seen[0], seen[1]), started)

    def _compare(self, seen: tuple[int, int], started: float) -> None:
        if self.seen is None or seen[0] != self.seen[0]:
            self.rulesets.clear()
        is_old = started - self._emptied_at > KEEP_S or len(self.grants) > MAX_TOKENS
        if self.seen is None or seen[1] != self.seen[1] or is_old:
            self.grants.clear()
            self.local.clear()
            self._emptied_at = started
        self.seen, self._looked_at = seen, started
