"""Open incidents that may duplicate the one just declared."""

from __future__ import annotations

from typing import Any, Final

from tocsin.cli import frame
from tocsin.problems import RefusedError, UnreachableError

MIN_WORD: Final = 4  # letters
MAX_WORDS: Final = 3
MAX_SIMILAR: Final = 4


def similar_open(title: str, made: str) -> list[dict[str, Any]]:
    """Return up to four other active incidents that share one of the longest words of the title."""
    words = sorted({w for w in title.casefold().split() if len(w) >= MIN_WORD}, key=len, reverse=True)
    found: dict[str, dict[str, Any]] = {}
    try:
        for word in words[:MAX_WORDS]:
            for one in frame.client().pages(
                "/incidents", limit=MAX_SIMILAR + 1, status="active", search=word
            ):
                found.setdefault(str(one["incident_id"]), one)
    except (RefusedError, UnreachableError):
        return []
    return [one for reference, one in found.items() if reference != made][:MAX_SIMILAR]
