"""Registry of numbers that other apps add to analytics, such as action items closed in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from accounts.actor import Actor
from core.registry import Registry


@dataclass(frozen=True, slots=True)
class Number:
    """What is counted, how many, and the API path that lists them."""

    name: str
    count: int
    address: str


# Of a period of whole days, `from` inclusive, `to` exclusive; empty for an actor who may not read them.
Numbers = Callable[[Actor, date, date], Sequence[Number]]
NUMBERS: Final[Registry[Numbers]] = Registry("part of analytics")


def numbers_of(actor: Actor, first: date, until: date) -> list[Number]:
    """Return the numbers of all apps, in the order of the apps."""
    return [one for part in NUMBERS for one in part(actor, first, until)]
