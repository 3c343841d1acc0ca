"""Rate limits of the fake Slack: the documented tiers, on a clock that a test may move."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from tests.fakes.slack.state import RefusedError

WINDOW_S = 60
# Calls a minute and team, as documented: tier 2 is 20, tier 3 is 50, tier 4 is 100.
TIERS = {
    "conversations.create": 20, "conversations.setTopic": 20, "conversations.setPurpose": 20,
    "conversations.archive": 20, "conversations.list": 20, "pins.add": 20, "pins.list": 20,
    "bookmarks.add": 20, "conversations.invite": 50, "conversations.history": 50,
    "conversations.kick": 50, "conversations.replies": 50, "conversations.info": 50,
    "conversations.join": 50, "chat.update": 50, "bookmarks.list": 50, "users.lookupByEmail": 50,
    "users.info": 100, "conversations.members": 100,
}  # fmt: skip
POST = "chat.postMessage"  # one a second and channel


class Limits:
    """Counts calls in sliding windows once `are_kept`; `clock` returns seconds."""

    def __init__(self) -> None:
        self.are_kept = False
        self.clock: Callable[[], float] = time.time
        self.calls: dict[str, deque[float]] = defaultdict(deque)
        self.refused: list[tuple[float, str]] = []

    def take(self, method: str, given: dict[str, Any]) -> None:
        """Count a call. Raises RefusedError with the seconds to wait when it is one too many."""
        if not self.are_kept or (method not in TIERS and method != POST):
            return
        name, most, window = method, TIERS.get(method, 1), WINDOW_S
        if method == POST:
            name, window = f"{method} {given.get('channel')}", 1
        now, calls = self.clock(), self.calls[name]
        while calls and calls[0] <= now - window:
            calls.popleft()
        if len(calls) >= most:
            self.refused.append((now, name))
            raise RefusedError("ratelimited", retry_after=math.ceil(calls[0] + window - now) or 1)
        calls.append(now)
