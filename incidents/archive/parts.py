"""Registry of the tables whose rows belong to an incident, for its archive file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from core.registry import Registry


@dataclass(frozen=True, slots=True)
class Part:
    """One table. `where` selects the incident's rows of `t`, by %(incident)s; `key` orders them.

    leaves: its rows are deleted once the archive is verified, and inserted again by a restore. Other parts
    are only copied to the file, because lists, figures and postmortems read them.
    """

    name: str
    table: str
    where: LiteralString = "t.incident_id = %(incident)s"
    key: str = "id"
    leaves: bool = False


# In the order of the file and of a restore; rows are deleted in the opposite order.
PARTS: Final[Registry[Part]] = Registry("part of an incident's archive")

# Why an incident may not be archived yet: (workspace id, incident ids, now) -> incident id -> reason.
Obstacles = Callable[[int, Sequence[int], datetime], Mapping[int, str]]
OBSTACLES: Final[Registry[Obstacles]] = Registry("obstacle to archiving")


def add_parts(*parts: Part) -> None:
    """Register parts in this order."""
    for part in parts:
        PARTS.add(part.name, part)
