"""Keyset pagination cursors. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from incidents.validation import invalid

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the cursors of the next and previous page; None if there is none."""

    items: Sequence[T]
    next_cursor: str | None
    previous_cursor: str | None = None


def encode_cursor(at: datetime, pk: int) -> str:
    """Return an opaque, URL-safe cursor of one row."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {pk}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, int]:
    """Return the argument of `encode_cursor`. Raises Invalid (field `cursor`) for anything else."""
    try:
        padded = cursor[:200] + "=" * (-len(cursor[:200]) % 4)
        at, _, pk = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").rpartition(" ")
        moment, number = datetime.fromisoformat(at), int(pk) if pk.isdigit() else -1
        if moment.tzinfo is None or not 0 <= number < 2**63:
            raise ValueError("unknown row")
        return moment.astimezone(UTC), number
    except (ValueError, OverflowError, binascii.Error, UnicodeError) as error:
        raise invalid("cursor", "cursor", "must be a cursor returned by this list") from error


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], tuple[datetime, int]]) -> Page[T]:
    """Return a page of at most `limit` from up to `limit` + 1 rows.

    The extra one shows that there is more.
    """
    items = rows[:limit]
    return Page(items, encode_cursor(*key(items[-1])) if len(rows) > limit else None)
