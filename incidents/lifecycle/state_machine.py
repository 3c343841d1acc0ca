"""State machine of the incident status. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from incidents.vocabulary import UNRESOLVED, EntryKind, Status

ORDER: Final = (
    Status.OPEN, Status.INVESTIGATING, Status.IDENTIFIED, Status.MONITORING, Status.RESOLVED, Status.CLOSED,
)  # fmt: skip
ENTRY_KINDS: Final[Mapping[Status, EntryKind]] = {
    Status.MONITORING: EntryKind.MITIGATION,
    Status.RESOLVED: EntryKind.RESOLUTION,
}


@dataclass(frozen=True, slots=True)
class IncidentState:
    """State of an incident: its status and the times that depend on it."""

    status: Status
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None


class ForbiddenMoveError(ValueError):
    """A transition that is not allowed; the message says which are."""


def next_statuses(status: Status) -> tuple[Status, ...]:
    """Return the allowed statuses: a later one (closed only from resolved), or back to investigating."""
    if status in (Status.RESOLVED, Status.CLOSED):
        after = (Status.CLOSED,) if status == Status.RESOLVED else ()
        return (Status.INVESTIGATING, *after)
    later = ORDER[ORDER.index(status) + 1 : ORDER.index(Status.CLOSED)]
    back = (Status.INVESTIGATING,) if ORDER.index(status) > ORDER.index(Status.INVESTIGATING) else ()
    return (*back, *later)


def is_reopening(before: Status, after: Status) -> bool:
    """Return whether this transition reopens a resolved or closed incident."""
    return before not in UNRESOLVED and after in UNRESOLVED


def entry_kind(status: Status) -> EntryKind:
    """Return the kind of timeline entry for a change to `status`."""
    return ENTRY_KINDS.get(status, EntryKind.STATUS_CHANGE)


def acknowledge(course: IncidentState, at: datetime) -> IncidentState:
    """Return the state after an acknowledgement; later ones change nothing."""
    return replace(course, acknowledged_at=course.acknowledged_at or at)


def move(course: IncidentState, to: Status, at: datetime, *, by_person: bool = True) -> IncidentState:
    """Return the state after moving to `to` at `at`; by a person, that acknowledges as well.

    Times are set once; reopening clears resolution and closing. Raises ForbiddenMoveError when `to` cannot
    follow, the current status included.
    """
    if to not in next_statuses(course.status):
        allowed = ", ".join(next_statuses(course.status))
        raise ForbiddenMoveError(f"{to} cannot follow {course.status}; possible: {allowed}")
    after = replace(acknowledge(course, at) if by_person else course, status=to)
    if is_reopening(course.status, to):
        return replace(after, resolved_at=None, closed_at=None)
    if to == Status.MONITORING:
        return replace(after, mitigated_at=course.mitigated_at or at)
    if to == Status.RESOLVED:
        return replace(after, resolved_at=at)
    return replace(after, closed_at=at) if to == Status.CLOSED else after
