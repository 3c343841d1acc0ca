"""Outbox events of detection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.outbox.events import DomainEvent


@dataclass(frozen=True)
class RulesChanged(DomainEvent):
    """Rules of the workspace were created, changed or removed."""

    topic: ClassVar[str] = "rules.changed"
    rule_ids: tuple[str, ...]

    def live_topics(self) -> tuple[str, ...]:
        return ("rules",)
