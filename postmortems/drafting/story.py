"""What the timeline says for a draft: key moments, actions, messages. Pure over entries already read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from incidents.models import TimelineEntry
from incidents.vocabulary import EntryKind, Severity, Status
from postmortems.drafting.facts import ActionTaken, MessageRow, TimelineRow

MAX_KEY_MOMENTS: Final = 30
KEY_KINDS: Final = frozenset(
    {
        EntryKind.DETECTED, EntryKind.ACKNOWLEDGED, EntryKind.STATUS_CHANGE, EntryKind.SEVERITY_CHANGE,
        EntryKind.MITIGATION, EntryKind.REMEDIATION, EntryKind.RESOLUTION,
    }
)  # fmt: skip
_ACTION_KINDS: Final = frozenset({EntryKind.MITIGATION, EntryKind.REMEDIATION, EntryKind.RESOLUTION})
_NAMES: Final = {**dict(Severity.choices), **dict(Status.choices)}


def moment(at: datetime, start: datetime) -> str:
    """`10:25:00`, with the date when it is another day than the detection's; UTC."""
    at, start = at.astimezone(UTC), start.astimezone(UTC)
    return f"{at:%H:%M:%S}" if at.date() == start.date() else f"{at:%Y-%m-%d %H:%M:%S}"


def rows_of(entries: Sequence[TimelineEntry], start: datetime) -> tuple[TimelineRow, ...]:
    """Every entry as a row."""
    return tuple(_row(entry, start) for entry in entries)


def key_moments(entries: Sequence[TimelineEntry], start: datetime) -> tuple[TimelineRow, ...]:
    """Pinned entries and those that changed something, in order, at most 30."""
    pinned = [entry for entry in entries if entry.pinned_at]
    others = [entry for entry in entries if not entry.pinned_at and entry.kind in KEY_KINDS]
    kept = [*pinned, *others][:MAX_KEY_MOMENTS]
    return rows_of(sorted(kept, key=lambda entry: (entry.occurred_at, entry.pk)), start)


def actions_in(entries: Sequence[TimelineEntry], start: datetime) -> tuple[ActionTaken, ...]:
    """What was done: mitigations, remediation runs, the resolution."""
    return tuple(_action(entry, start) for entry in entries if entry.kind in _ACTION_KINDS)


def remediation_in(entries: Sequence[TimelineEntry], start: datetime) -> tuple[ActionTaken, ...]:
    """Remediation runs alone."""
    return tuple(_action(entry, start) for entry in entries if entry.kind == EntryKind.REMEDIATION)


def messages_in(entries: Sequence[TimelineEntry], start: datetime) -> tuple[MessageRow, ...]:
    """Public updates and notifications that were sent."""
    return tuple(
        MessageRow(moment(entry.occurred_at, start), *_channel(entry))
        for entry in entries
        if entry.is_shown_publicly or entry.kind == EntryKind.NOTIFICATION
    )


def _channel(entry: TimelineEntry) -> tuple[str, str, str]:
    if entry.kind == EntryKind.NOTIFICATION:
        to = entry.data.get("to") or entry.data.get("recipients") or ""
        return str(entry.data.get("channel", "notification")), entry.text, str(to)
    return "Public update", entry.text, "Everyone"


def course_of(entries: Sequence[TimelineEntry], start: datetime) -> str:
    """Moves of status and stage as a list."""
    kinds = (EntryKind.STATUS_CHANGE, EntryKind.STAGE_CHANGE, EntryKind.MITIGATION, EntryKind.RESOLUTION)
    moves = [entry for entry in entries if entry.kind in kinds]
    return "\n".join(f"- {moment(entry.occurred_at, start)} {_line(entry)}" for entry in moves)


def _row(entry: TimelineEntry, start: datetime) -> TimelineRow:
    impact = _NAMES.get(str(entry.data.get("after", "")), "")
    return TimelineRow(moment(entry.occurred_at, start), _line(entry), impact, entry.author_label)


def _action(entry: TimelineEntry, start: datetime) -> ActionTaken:
    data = entry.data
    return ActionTaken(
        moment(entry.occurred_at, start),
        str(data.get("action") or _line(entry)),
        str(data.get("owner") or entry.author_label),
        str(data.get("status", "")).capitalize(),
        str(data.get("result", "")),
    )


def _line(entry: TimelineEntry) -> str:
    return " ".join(entry.text.split())
