"""Plans shifts from rotations and overrides, and computes the changes to stored ones. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from accounts.oncall.layers import laid_over
from accounts.oncall.turns import Rotation, Span, clipped, spans_of

HORIZON: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class StoredShift:
    """A stored shift: its id and its span."""

    pk: int
    span: Span


@dataclass(slots=True)
class ShiftChanges:
    """Changes that turn the stored shifts into the planned ones without touching the past."""

    delete: list[int] = field(default_factory=list)
    set_end: dict[int, datetime] = field(default_factory=dict)
    insert: list[Span] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.delete or self.set_end or self.insert)


def planned_spans(
    rotations: Iterable[Rotation],
    overrides: Sequence[Span],
    *,
    members: Container[int],
    zone: ZoneInfo,
    start: datetime,
    end: datetime,
) -> list[Span]:
    """Return who is on call between two instants: higher layers win, overrides over all, later ones first.

    Turns of people who are not among `members` are left out, so that a lower layer applies.
    """
    ordered = sorted(rotations, key=lambda rotation: rotation.layer)
    layers = [spans_of(rotation, zone, start, end) for rotation in ordered]
    covers = [cut for one in overrides if (cut := clipped(one, start, end))]
    return laid_over([[span for span in layer if span.user_id in members] for layer in (*layers, covers)])


def shift_changes(stored: Sequence[StoredShift], wanted: Sequence[Span], *, now: datetime) -> ShiftChanges:
    """Return the changes. A shift that is running keeps its start, person and name; only its end may move."""
    changes = ShiftChanges()
    missing = {(span.user_id, span.uid, span.starts_at): span for span in wanted}
    for one in sorted(stored, key=lambda shift: shift.span.starts_at):
        if one.span.ends_at <= now:
            continue
        if one.span.starts_at < now:
            _keep_running(changes, missing, one, now)
            continue
        span = missing.pop((one.span.user_id, one.span.uid, one.span.starts_at), None)
        if span is None:
            changes.delete.append(one.pk)
        elif span.ends_at != one.span.ends_at:
            changes.set_end[one.pk] = span.ends_at
    changes.insert = list(missing.values())
    return changes


def _keep_running(
    changes: ShiftChanges, missing: dict[tuple[int, str, datetime], Span], one: StoredShift, now: datetime
) -> None:
    running = next(
        (span for span in missing.values() if span.user_id == one.span.user_id and span.starts_at <= now),
        None,
    )
    ends = now
    if running is not None:
        del missing[running.user_id, running.uid, running.starts_at]
        ends = running.ends_at
    if ends != one.span.ends_at:
        changes.set_end[one.pk] = ends
