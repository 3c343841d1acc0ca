"""Extracts key moments, actions and messages from timeline entries, for a draft. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from incidents.models import TimelineEntry
from incidents.vocabulary import EntryKind, Severity, Status
from postmortems.drafting.facts import ActionTaken, FirstEvent, MessageRow, Sent, TimelineRow

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


def moved_to(entry: TimelineEntry) -> str:
    """The status, severity or stage that an entry says the incident has from then on; "" for none."""
    names = ("to", "severity", "stage")
    return next((str(entry.data[name]) for name in names if entry.data.get(name)), "")


def rows_of(entries: Sequence[TimelineEntry], start: datetime) -> tuple[TimelineRow, ...]:
    """All entries as rows."""
    return tuple(_row(entry, start) for entry in entries)


def key_moments(entries: Sequence[TimelineEntry]) -> tuple[list[TimelineEntry], int]:
    """The last resolution, pinned entries and changes, in order, at most 30; and how many are left out.

    A remediation run counts once, by its end.
    """
    pinned = [entry for entry in entries if entry.pinned_at]
    changes = [entry for entry in entries if not entry.pinned_at and entry.kind in KEY_KINDS]
    found = [*pinned, *_ends_of_runs(changes)]
    last = _in_order(entry for entry in found if entry.kind == EntryKind.RESOLUTION)[-1:]
    chosen = [*last, *(entry for entry in found if entry not in last)][:MAX_KEY_MOMENTS]
    return _in_order(chosen), len(found) - len(chosen)


def rows_with_events(
    entries: Sequence[TimelineEntry],
    events: Sequence[FirstEvent],
    start: datetime,
    *,
    names_source: bool = False,
) -> tuple[TimelineRow, ...]:
    """Entries and events as rows, in order; `names_source`: the text of an event begins with its source."""
    rows = [(entry.occurred_at, _row(entry, start)) for entry in entries]
    for event in events:
        words = " ".join((f"{event.source}: {event.message}" if names_source else event.message).split())
        rows.append((event.at, TimelineRow(moment(event.at, start), words, source=event.source)))
    return tuple(row for _, row in sorted(rows, key=lambda one: one[0]))


def _in_order(entries: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    return sorted(entries, key=lambda entry: (entry.occurred_at, entry.pk))


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
    impact = _NAMES.get(moved_to(entry), "") if entry.kind in KEY_KINDS else ""
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
