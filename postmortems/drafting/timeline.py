"""Extracts key moments, actions and messages from timeline entries, for a draft. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from incidents.models import TimelineEntry
from incidents.vocabulary import EntryKind, Severity, Status
from postmortems.drafting.facts import ActionTaken, MessageRow, Sent, TimelineRow

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
    """`10:25:00` in UTC, with the date if it differs from that of the detection."""
    at, start = at.astimezone(UTC), start.astimezone(UTC)
    return f"{at:%H:%M:%S}" if at.date() == start.date() else f"{at:%Y-%m-%d %H:%M:%S}"


def rows_of(entries: Sequence[TimelineEntry], start: datetime) -> tuple[TimelineRow, ...]:
    """All entries as rows."""
    return tuple(_row(entry, start) for entry in entries)


def key_moments(entries: Sequence[TimelineEntry], start: datetime) -> tuple[TimelineRow, ...]:
    """Pinned entries and changes, in order, at most 30."""
    pinned = [entry for entry in entries if entry.pinned_at]
    others = [entry for entry in entries if not entry.pinned_at and entry.kind in KEY_KINDS]
    chosen = [*pinned, *others][:MAX_KEY_MOMENTS]
    return rows_of(sorted(chosen, key=lambda entry: (entry.occurred_at, entry.pk)), start)


def actions_in(entries: Sequence[TimelineEntry], start: datetime) -> tuple[ActionTaken, ...]:
    """Actions taken: mitigations, remediation runs with their outcome, the resolution."""
    chosen = [entry for entry in entries if entry.kind in _ACTION_KINDS]
    return tuple(_action(entry, start) for entry in _ends_of_runs(chosen))


def resolution_in(entries: Sequence[TimelineEntry], start: datetime) -> tuple[ActionTaken, ...]:
    """Actions taken and role assignments."""
    chosen = [entry for entry in entries if entry.kind in {*_ACTION_KINDS, EntryKind.ROLE_ASSIGNED}]
    return tuple(_action(entry, start) for entry in _ends_of_runs(chosen))


def remediation_in(entries: Sequence[TimelineEntry], start: datetime) -> tuple[ActionTaken, ...]:
    """Remediation runs alone."""
    runs = [entry for entry in entries if entry.kind == EntryKind.REMEDIATION]
    return tuple(_action(entry, start) for entry in _ends_of_runs(runs))


def late_updates(entries: Sequence[TimelineEntry]) -> int:
    """Number of late stakeholder updates."""
    breaches = [entry for entry in entries if entry.kind == EntryKind.SLA]
    return sum(
        1 for one in breaches if one.data.get("phase") == "breached" and one.data.get("clock") == "update"
    )


def bundles_in(entries: Sequence[TimelineEntry]) -> tuple[str, ...]:
    """Diagnostic bundles as links, each once."""
    found = {str(entry.data["bundle"]): _line(entry) for entry in entries if entry.data.get("bundle")}
    return tuple(f"[{_linkable(line)}](/bundles/{bundle})" for bundle, line in found.items())


def _linkable(words: str) -> str:
    return words.replace("[", "(").replace("]", ")")


def _ends_of_runs(entries: Sequence[TimelineEntry]) -> list[TimelineEntry]:
    """The latest entry of each remediation run, and all other entries."""
    last = {entry.data["run"]: entry.pk for entry in entries if entry.data.get("run")}
    return [entry for entry in entries if not entry.data.get("run") or last[entry.data["run"]] == entry.pk]


def messages_in(
    entries: Sequence[TimelineEntry], start: datetime, sent: Sequence[Sent] = ()
) -> tuple[MessageRow, ...]:
    """Public updates and deliveries, oldest first; notification entries if there is no known delivery."""
    shown = [
        Sent(entry.occurred_at, *_channel(entry))
        for entry in entries
        if entry.is_shown_publicly or (entry.kind == EntryKind.NOTIFICATION and not sent)
    ]
    every = sorted([*shown, *sent], key=lambda one: one.at)
    return tuple(MessageRow(moment(one.at, start), one.channel, one.message, one.to) for one in every)


def _channel(entry: TimelineEntry) -> tuple[str, str, str]:
    if entry.kind == EntryKind.NOTIFICATION:
        to = entry.data.get("to") or entry.data.get("recipients") or ""
        return str(entry.data.get("channel", "notification")), entry.text, str(to)
    return "Public update", entry.text, "Everyone"


def course_of(entries: Sequence[TimelineEntry], start: datetime) -> str:
    """Changes of status and stage as a list."""
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
        str(data.get("status") or data.get("state") or "").replace("_", " ").capitalize(),
        str(data.get("result") or (_line(entry) if data.get("run") else "")),
    )


def _line(entry: TimelineEntry) -> str:
    return " ".join(entry.text.split())
