"""On-call events published through the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.outbox.events import DomainEvent


@dataclass(frozen=True)
class OnCallChanged(DomainEvent):
    """The shifts of a schedule changed."""

    topic: ClassVar[str] = "oncall.changed"
    schedule_id: int

    def live_topics(self) -> tuple[str, ...]:
        return ("oncall",)


@dataclass(frozen=True)
class OnCallGapFound(DomainEvent):
    """A schedule has a gap in the next days."""

    topic: ClassVar[str] = "oncall.gap_found"
    schedule_id: int
    schedule: str
    starts_at: str
    ends_at: str

    def live_topics(self) -> tuple[str, ...]:
        return ("oncall",)


@dataclass(frozen=True)
class OnCallImportFailed(DomainEvent):
    """The calendar of a schedule could not be imported; the shifts of the last good import stay."""

    topic: ClassVar[str] = "oncall.import_failed"
    schedule_id: int
    schedule: str
    problem: str

    def live_topics(self) -> tuple[str, ...]:
        return ("oncall",)
