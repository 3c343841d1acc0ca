"""Limits on failed passwords, counted in the database so that a flushed Valkey resets nothing.

A limit of n per window is n slots; an attempt takes one atomically, success releases it.
"""

from __future__ import annotations

import hashlib
from typing import Final

from core.http.client_ip import network_of
from core.rate_limit import store as rate_limit_store

WINDOW_S: Final = 300
PER_NAME: Final = 5
PER_ADDRESS: Final = 20


def take_slots(name: str, address: str) -> list[str] | None:
    """Take the slots of one attempt, to be released when it succeeds.

    None when name or address has none left.
    """
    taken: list[str] = []
    for kind, who, most in (
        ("address", network_of(address), PER_ADDRESS),
        ("name", name.casefold(), PER_NAME),
    ):
        slot = _slot(kind, who)
        if not rate_limit_store.consume(slot, most, window_s=WINDOW_S):
            release_slots(taken)
            return None
        taken.append(slot)
    return taken


def account_name(user_id: int) -> str:
    """Return the name under which attempts for an account are counted; it cannot be typed as a user name."""
    return f"\0account:{user_id}"


def release_slots(slots: list[str]) -> None:
    """Release the slots of a successful attempt."""
    for slot in slots:
        rate_limit_store.release(slot)


def _slot(kind: str, who: str) -> str:
    """Return a hashed slot name: attempted names are not readable, since half of them are passwords."""
    return f"sign-in:{hashlib.sha256(f'{kind}:{who}'.encode('utf-8', 'replace')).hexdigest()}"
