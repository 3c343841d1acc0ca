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
class Course:
    """Where an incident stands: its status and the facts that depend on it."""

    status: Status
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None


class ForbiddenMoveError(ValueError):
    """A status that cannot follow the present one; the message says which can."""


def next_statuses(status: Status) -> tuple[Status, ...]:
    """What may follow: any later one, closed only from resolved; and from any later one, investigating."""
    if status in (Status.RESOLVED, Status.CLOSED):
        after = (Status.CLOSED,) if status == Status.RESOLVED else ()
        return (Status.INVESTIGATING, *after)
    later = ORDER[ORDER.index(status) + 1 : ORDER.index(Status.CLOSED)]
    back = (Status.INVESTIGATING,) if ORDER.index(status) > ORDER.index(Status.INVESTIGATING) else ()
    return (*back, *later)


def is_reopening(before: Status, after: Status) -> bool:
    """Whether this move brings a resolved or closed incident back."""
    return before not in UNRESOLVED and after in UNRESOLVED


def entry_kind(status: Status) -> EntryKind:
    """What the timeline calls a move to `status`."""
    return ENTRY_KINDS.get(status, EntryKind.STATUS_CHANGE)


def acknowledge(course: Course, at: datetime) -> Course:
    """The first acknowledgement counts; later ones change nothing."""
    return replace(course, acknowledged_at=course.acknowledged_at or at)


def move(course: Course, to: Status, at: datetime) -> Course:
    """The course after moving to `to` at `at`. Facts are set once; reopening clears resolution and closing.

    Raises ForbiddenMoveError when `to` cannot follow, the present status included.
    """
    if to not in next_statuses(course.status):
        allowed = ", ".join(next_statuses(course.status))
        raise ForbiddenMoveError(f"{to} cannot follow {course.status}; possible: {allowed}")
    after = replace(acknowledge(course, at), status=to)
    if is_reopening(course.status, to):
        return replace(after, resolved_at=None, closed_at=None)
    if to == Status.MONITORING:
        return replace(after, mitigated_at=course.mitigated_at or at)
    if to == Status.RESOLVED:
        return replace(after, resolved_at=at)
    return replace(after, closed_at=at) if to == Status.CLOSED else after
