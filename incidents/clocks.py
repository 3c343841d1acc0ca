"""Which deadline a responder must meet next, and how it stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from incidents.models import Incident

WARN_AT: Final = 0.8  # of the time allowed
_ICONS: Final = {"ok": "timer", "warn": "hourglass", "missed": "alarm-clock-off"}


@dataclass(frozen=True, slots=True)
class Clock:
    """One running deadline. `state`: ok, warn (80 % used) or missed."""

    label: str  # Ack, Update or Resolve
    since: datetime
    due: datetime
    state: str

    @property
    def icon(self) -> str:
        """A shape of its own for each state."""
        return _ICONS[self.state]


def clock_of(incident: Incident, now: datetime) -> Clock | None:
    """The next deadline of an unresolved incident: acknowledge, then the sooner of update and resolve."""
    if not incident.is_unresolved:
        return None
    if incident.acknowledged_at is None:
        waiting = [("Ack", incident.acknowledge_due_at)]
    else:
        waiting = [("Update", incident.update_due_at), ("Resolve", incident.resolve_due_at)]
    running = [(due, label) for label, due in waiting if due is not None]
    if not running:
        return None
    due, label = min(running)
    return Clock(label, incident.detected_at, due, _state(incident.detected_at, due, now))


def _state(since: datetime, due: datetime, now: datetime) -> str:
    if now >= due:
        return "missed"
    return "warn" if (now - since) >= (due - since) * WARN_AT else "ok"
