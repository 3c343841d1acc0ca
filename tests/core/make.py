"""Events the core tests publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.outbox.events import DomainEvent


@dataclass(frozen=True)
class Happened(DomainEvent):
    """Something happened."""

    topic: ClassVar[str] = "test.happened"
    what: str = "it"
    also: tuple[int, ...] = ()

    def live_topics(self):
        return ("incidents",)
