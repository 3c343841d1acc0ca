"""Outbox events of bundles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, LiteralString

from core.outbox.events import DomainEvent
from incidents.events import VIEWERS_BY_NUMBER


@dataclass(frozen=True)
class BundleChanged(DomainEvent):
    """A bundle arrived, was inspected, attached or removed."""

    snapshot_sql: ClassVar[LiteralString] = VIEWERS_BY_NUMBER
    topic: ClassVar[str] = "bundle.changed"
    bundle_id: int
    public_id: str
    status: str
    number: int

    def live_topics(self) -> tuple[str, ...]:
        return ("bundles", f"bundle:{self.public_id}", *((f"incident:{self.number}",) if self.number else ()))
