"""The facts this app publishes through the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.outbox.events import DomainEvent


@dataclass(frozen=True)
class RunChanged(DomainEvent):
    """A remediation run came to a state: proposed, approved, running, succeeded, failed, unknown …"""

    topic: ClassVar[str] = "remediation.run_changed"
    run_id: int
    incident_id: int
    number: int
    action: str
    state: str
    risk: str

    def live_topics(self) -> tuple[str, ...]:
        return ("remediation", f"incident:{self.number}")
