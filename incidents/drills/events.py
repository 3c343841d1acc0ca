"""Outbox events of drills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings

from core.outbox.events import DomainEvent


@dataclass(frozen=True)
class DrillPlanned(DomainEvent):
    """A drill was planned: people may join it."""

    topic: ClassVar[str] = "drill.planned"
    drill_id: int
    title: str
    severity: str
    planned_by: str

    def payload(self) -> dict[str, Any]:
        """Add the URL of the drill's page."""
        return super().payload() | {"url": f"{settings.BASE_URL}/drills/{self.drill_id}"}
