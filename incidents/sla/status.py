"""SLA status of an incident: running deadlines and their state. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from incidents.models import Incident
from incidents.sla.deadlines import Clocks

WARN_AT: Final = 0.8  # of the time allowed
_ICONS: Final = {"ok": "timer", "warn": "hourglass", "missed": "alarm-clock-off"}


@dataclass(frozen=True, slots=True)
class SlaStatus:
    """One running deadline. `state`: ok, warn (80 % used) or missed."""

    label: str  # Ack, Update or Resolve
    since: datetime
    due: datetime
    state: str

    @property
    def icon(self) -> str:
        """Return an icon with a distinct shape for each state."""
        return _ICONS[self.state]


def sla_statuses(incident: Incident, now: datetime, allowed: Clocks | None = None) -> list[SlaStatus]:
    """Return every running deadline of an unresolved incident, next one first.

    The update target runs from the start; the resolution target is shown after the acknowledgement. With the
    `allowed` times of its severity, the next update counts from the last one, else from the detection.
    """
    if not incident.is_unresolved:
        return []
    sent_at = _responded_at(incident, allowed)
    start = incident.detected_at
    if incident.acknowledged_at is None:
        waiting = [
            ("Acknowledge", _awaited_since(incident, allowed), incident.acknowledge_due_at),
            ("Update", sent_at, incident.update_due_at),
        ]
    else:
        waiting = [("Update", sent_at, incident.update_due_at), ("Resolve", start, incident.resolve_due_at)]
    running = [SlaStatus(label, since, due, _state(since, due, now)) for label, since, due in waiting if due]
    return sorted(running, key=lambda clock: (clock.due, clock.label))


def sla_status_of(incident: Incident, now: datetime) -> SlaStatus | None:
    """Return the next deadline: acknowledge, then the sooner of update and resolve; None when resolved."""
    running = sla_statuses(incident, now)
    if incident.acknowledged_at is None:
        running = [clock for clock in running if clock.label == "Acknowledge"]
    return running[0] if running else None


def _responded_at(incident: Incident, allowed: Clocks | None) -> datetime:
    """Return the time of the last stakeholder update."""
    if allowed is None or allowed.update_every is None or incident.update_due_at is None:
        return incident.detected_at
    return max(incident.detected_at, incident.update_due_at - timedelta(minutes=allowed.update_every))


def _awaited_since(incident: Incident, allowed: Clocks | None) -> datetime:
    """Return since when it waits for its acknowledgement: the detection, or a later reopening."""
    due = incident.acknowledge_due_at
    if allowed is None or due is None or incident.opening == 1:
        return incident.detected_at
    return max(incident.detected_at, due - timedelta(minutes=allowed.acknowledge_within))


def _state(since: datetime, due: datetime, now: datetime) -> str:
    if now >= due:
        return "missed"
    return "warn" if (now - since) >= (due - since) * WARN_AT else "ok"
