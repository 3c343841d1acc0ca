"""Security events: one line each in the log `tocsin.security`.

Each says what happened and, as far as known, who (a person's or a token's number), from which address, and in
which request. Input is never logged: half of the names that cannot sign in are passwords.
"""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import structlog
from django.http import HttpRequest

REFUSALS: Final = frozenset({401, 403, 429})
WINDOW_S: Final = 10.0
MAX_LINES_PER_WINDOW: Final = (
    200  # 200  # lines per window and process, since a refused caller can retry at once
)

_log = structlog.get_logger("tocsin.security")


class Budget:
    """Limits log lines per window; suppressed lines are counted and reported by the next line that fits."""

    def __init__(self, most: int = MAX_LINES_PER_WINDOW, window_s: float = WINDOW_S) -> None:
        self._most, self._window_s = most, window_s
        self._lock = threading.Lock()
        self._ends_at = 0.0
        self._left = self._silent = 0

    def take(self) -> int | None:
        """Return None if there is no room, else the number of lines suppressed since the last one."""
        with self._lock:
            if (now := time.monotonic()) >= self._ends_at:
                self._ends_at, self._left = now + self._window_s, self._most
            if not self._left:
                self._silent += 1
                return None
            self._left -= 1
            silent, self._silent = self._silent, 0
            return silent


_budget = Budget()


def note(event: str, *, is_fine: bool = False, **what: Any) -> None:
    """Log a security event. `is_fine`: nothing was refused.

    `what`: short values, redacted before they are written.
    """
    silent = _budget.take()
    if silent is None:
        return
    if silent:
        what["left_out_before"] = silent
    (_log.info if is_fine else _log.warning)(event, **what)


def seen_of(request: HttpRequest) -> dict[str, Any]:
    """Return who requested what from where, without a query: a person is named if already loaded."""
    known = vars(request)
    user, actor = known.get("_cached_user"), known.get("auth")
    return {
        "method": request.method,
        "path": request.path,
        "address": request.META.get("REMOTE_ADDR", ""),
        "user": getattr(user, "pk", None) or getattr(actor, "user_id", None),
        "machine": getattr(actor, "token_id", None),  # under a name that is not masked as a secret
        "request_id": known.get("request_id", ""),
    }
