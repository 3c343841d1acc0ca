"""Limits on failed passwords, counted in the database so that a flushed Valkey resets nothing.

A limit of n in a window is n slots; a try takes one by an atomic statement, success gives it back.
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
    """The slots of one try, to be given back when it succeeds; None when name or address has no more."""
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
    """The name that tries of an account are counted under; no one can type it."""
    return f"\0account:{user_id}"


def release_slots(slots: list[str]) -> None:
    """Free the slots of a try that succeeded."""
    for slot in slots:
        rate_limit_store.release(slot)


def _slot(kind: str, who: str) -> str:
    """No one who reads the table learns which names were tried: half of what is typed there is passwords."""
    return f"sign-in:{hashlib.sha256(f'{kind}:{who}'.encode('utf-8', 'replace')).hexdigest()}"
