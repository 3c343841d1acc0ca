"""Rejects message patterns that are too expensive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from time import perf_counter
from typing import Any, Final

from detection.ingest.parsing import MAX_MESSAGE

# RE2's worst case is a step per instruction and character; both are bounded, and typical messages are timed.
MAX_INSTRUCTIONS: Final = 1000
MAX_SECONDS: Final = 0.002
_TRIES: Final = 3
_LETTERS: Final = 12
_NOISE: Final = hashlib.shake_256(b"noise").hexdigest(MAX_MESSAGE // 2)


def check_cost(pattern: str, compiled: Any) -> None:
    """Raise ValueError, naming the limit, for a pattern that could delay the events of others."""
    if compiled.programsize > MAX_INSTRUCTIONS:
        raise ValueError(
            f"is too large: it compiles to {compiled.programsize} instructions, at most {MAX_INSTRUCTIONS}"
            " are allowed; use fewer or smaller counted repetitions"
        )
    for message in _probes(pattern):
        if _seconds(compiled, message) > MAX_SECONDS:
            raise ValueError(
                f"is too slow: a message of {MAX_MESSAGE} characters takes longer than"
                f" {MAX_SECONDS * 1000:g} ms; use fewer or smaller counted repetitions"
            )


def _probes(pattern: str) -> Iterator[str]:
    """Yield messages of maximum length: plain ones, and those derived from the pattern."""
    yield from ("a" * MAX_MESSAGE, "ab" * (MAX_MESSAGE // 2), _NOISE)
    letters = "".join(dict.fromkeys(letter for letter in pattern if letter.isalnum()))[:_LETTERS]
    for text in (*letters, letters, pattern):
        if text:
            yield (text * (MAX_MESSAGE // len(text) + 1))[:MAX_MESSAGE]


def _seconds(compiled: Any, message: str) -> float:
    """Return the best of several measurements: a busy machine must not refuse a good pattern."""
    best = float("inf")
    for _ in range(_TRIES):
        started = perf_counter()
        compiled.search(message)
        best = min(best, perf_counter() - started)
        if best <= MAX_SECONDS:
            break
    return best
