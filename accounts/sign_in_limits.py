"""How often a password may be wrong. Kept in the database, so that a flushed Valkey forgives nobody.

A limit of n in a window is n slots; a try takes the first free one by an atomic add, success gives it back.
"""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import datetime
from typing import Final

from django.core.cache import caches

WINDOW_S: Final = 300
PER_NAME: Final = 5
PER_ADDRESS: Final = 20


def take_slots(name: str, address: str, *, now: datetime) -> list[str] | None:
    """The slots of one try, to be given back when it succeeds; None when name or address has no more."""
    taken: list[str] = []
    for kind, who, most in (("address", _network(address), PER_ADDRESS), ("name", name.casefold(), PER_NAME)):
        slot = _take(kind, who, most, now)
        if slot is None:
            give_back(taken)
            return None
        taken.append(slot)
    return taken


def give_back(slots: list[str]) -> None:
    """Free the slots of a try that succeeded."""
    caches["durable"].delete_many(slots)


def _take(kind: str, who: str, most: int, now: datetime) -> str | None:
    window = int(now.timestamp()) // WINDOW_S
    key = hashlib.sha256(f"{kind}:{who}:{window}".encode("utf-8", "replace")).hexdigest()
    for number in range(most):
        slot = f"sign-in:{key}:{number}"
        if caches["durable"].add(slot, 1, timeout=WINDOW_S):
            return slot
    return None


def _network(address: str) -> str:
    """One IPv6 household has a whole /64; it counts as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else address
