"""Outbox events of remediation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, LiteralString

from core.outbox.events import DomainEvent
from incidents.events import VIEWERS_BY_NUMBER


@dataclass(frozen=True)
class RunChanged(DomainEvent):
    """A remediation run changed its state: proposed, approved, running, succeeded, failed, unknown …"""

    snapshot_sql: ClassVar[LiteralString] = VIEWERS_BY_NUMBER
    topic: ClassVar[str] = "remediation.run_changed"
    run_id: int
    incident_id: int
    number: int
    action: str
    state: str
    risk: str

    def live_topics(self) -> tuple[str, ...]:
        return ("remediation", f"incident:{self.number}")
