"""Sort orders of incident lists and their cursors. Pure.

A page costs the same at row 10 and at row 90,000: its cursor has the keys of the last row, at which the index
of the order starts.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from incidents.lifecycle.sort_keys import COMMANDER_CHARS
from incidents.listing.keyset import Page
from incidents.validation import invalid

T = TypeVar("T")

MAX_CURSOR: Final = 320
_TEXTS: Final = {"commander_key"}


@dataclass(frozen=True, slots=True)
class Order:
    """A sort order. `keys` are columns ending in `id`, none of them null, all descending or all ascending."""

    name: str
    label: str
    keys: tuple[str, ...]
    is_falling: bool = True

    def columns(self, *, backwards: bool = False) -> list[str]:
        """Return the arguments of `order_by`."""
        return [f"-{key}" if self.is_falling is not backwards else key for key in self.keys]


ORDERS: Final[Mapping[str, Order]] = {
    order.name: order
    for order in (
        Order("newest", "Newest first", ("detected_at", "id")),
        Order("oldest", "Oldest first", ("detected_at", "id"), is_falling=False),
        Order("severity", "Most severe first", ("weight", "detected_at", "id")),
        Order("status", "Open first", ("openness", "detected_at", "id")),
        Order("commander", "No commander first, then by name", ("commander_key", "id"), is_falling=False),
        Order("deadline", "Deadline first", ("next_due", "id"), is_falling=False),
        Order("last_event", "Latest event first", ("active_minute", "id")),
        Order("duration", "Longest first", ("lasted", "id")),
    )
}
NEWEST: Final = ORDERS["newest"]
_ALIASES: Final = {
    "": "newest", "-detected_at": "newest", "detected_at": "oldest", "last-event": "last_event",
    "-last_event_at": "last_event", "longest": "duration", "-duration": "duration",
    "sla": "deadline", "assigned_to": "commander",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cursor:
    """The rows of `order` after the one with these keys, or before it."""

    order: str
    keys: tuple[Any, ...]
    is_back: bool = False


def parse_order(word: str) -> Order:
    """Return an order by a name in `ORDERS`, such as `newest`, or an alias. Raises Invalid (field `sort`)."""
    name = word.strip().casefold()
    order = ORDERS.get(_ALIASES.get(name, name))
    if order is None:
        raise invalid("sort", "choice", f"must be one of {', '.join(ORDERS)}")
    return order


def encode(order: Order, row: Any, *, is_back: bool = False) -> str:
    """Return an opaque, URL-safe cursor for the rows after (or before) `row`."""
    keys = [_packed(getattr(row, key)) for key in order.keys]
    text = json.dumps([order.name, int(is_back), *keys], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(order: Order, text: str) -> Cursor:
    """Parse what `encode` returned for this order. Raises Invalid (field `cursor`) for anything else."""
    try:
        padded = text[:MAX_CURSOR] + "=" * (-len(text[:MAX_CURSOR]) % 4)
        name, is_back, *keys = _list(json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)))
        if name != order.name or is_back not in (0, 1) or len(keys) != len(order.keys):
            raise ValueError("another list's")
        unpacked = [_unpacked(key, value) for key, value in zip(order.keys, keys, strict=True)]
        return Cursor(order.name, tuple(unpacked), bool(is_back))
    except (ValueError, OverflowError, TypeError, RecursionError, binascii.Error, UnicodeError) as error:
        message = f"must be one returned by this list, in the order {order.name}"
        raise invalid("cursor", "cursor", message) from error


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _packed(value: datetime | timedelta | int | str) -> str | int:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return value
    return value // timedelta(microseconds=1) if isinstance(value, timedelta) else int(value)


def _unpacked(key: str, value: object) -> datetime | timedelta | int | str:
    if key in _TEXTS:
        return _text(value)
    if key in ("detected_at", "active_minute", "next_due"):
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return moment.astimezone(UTC)
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**62) < value < 2**62:
        raise TypeError("not a number of ours")
    if key in ("weight", "openness") and abs(value) > 9:
        raise ValueError("no severity or status has that rank")
    return timedelta(microseconds=value) if key == "lasted" else value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > COMMANDER_CHARS or "\0" in value:
        raise ValueError("not a name returned by this list")
    value.encode()  # half a surrogate pair cannot be encoded
    return value


def page_in(order: Order, rows: Sequence[T], limit: int, cursor: Cursor | None) -> Page[T]:
    """Return a page from up to `limit` + 1 rows: in order, or reversed for a backward cursor."""
    is_back = cursor is not None and cursor.is_back
    shown, has_more = rows[:limit], len(rows) > limit
    items = shown[::-1] if is_back else shown
    if not items:
        return Page([], None)
    after = encode(order, items[-1]) if is_back or has_more else None
    before = encode(order, items[0], is_back=True) if (has_more if is_back else cursor is not None) else None
    return Page(items, after, before)
