"""Retry policy: from attempts and error to the next due time, or dead. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final


class PermanentError(Exception):
    """Retrying cannot help: a revoked credential, a removed receiver, a payload that is always refused."""


class PassingError(Exception):
    """Retrying may help; `retry_after` is the number of seconds the other side requested, if it did."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses in seconds: `first`, doubled each time up to `longest`; dead after `attempts` tries.

    The defaults retry for about two hours.
    """

    first: float = 1.0
    longest: float = 900.0
    attempts: int = 16
    max_retry_after: float = 3600.0

    def ceiling(self, attempt: int) -> float:
        """Return the longest pause after the `attempt`-th try (1 is the first)."""
        return min(self.longest, self.first * 2.0 ** min(attempt - 1, 60))


STANDARD: Final = Backoff()


@dataclass(frozen=True, slots=True)
class Decision:
    """Retry in `delay` seconds, or give up (`delay` None)."""

    delay: float | None

    @property
    def is_dead(self) -> bool:
        """Whether this was the last try."""
        return self.delay is None


def after_failure(
    attempt: int,
    error: BaseException,
    backoff: Backoff = STANDARD,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Decision:
    """Decide what to do after the `attempt`-th try ended in `error`.

    The pause is drawn from the upper half of its range, so that items that failed together are not retried
    together. The other side's Retry-After is the minimum pause, up to an hour.
    """
    if isinstance(error, PermanentError) or attempt >= backoff.attempts:
        return Decision(None)
    ceiling = backoff.ceiling(attempt)
    delay = uniform(ceiling / 2, ceiling)
    requested_s = error.retry_after if isinstance(error, PassingError) else None
    return Decision(max(delay, min(requested_s or 0.0, backoff.max_retry_after)))


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, a number or an HTTP date; never negative.

    None if invalid.
    """
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
