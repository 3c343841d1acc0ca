"""Timeline views: which kinds are shown, and runs of machine entries as one line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from core.errors import Invalid
from incidents.listing.keyset import decode_cursor
from incidents.models import TimelineEntry
from incidents.validation import invalid
from incidents.vocabulary import CHATTER, EntryKind

MIN_RUN: Final = 4
HIGHLIGHTS: Final = ""
ALL_ACTIVITY: Final = "all"
# Highlights are all kinds but frequent machine entries; the other views are kinds by name.
KINDS: Final[Mapping[str, tuple[EntryKind, ...]]] = {
    HIGHLIGHTS: (),
    "updates": (EntryKind.UPDATE, EntryKind.MITIGATION, EntryKind.RESOLUTION, EntryKind.STATUS_CHANGE),
    "notes": (EntryKind.NOTE,),
    "detection": (EntryKind.DETECTED, EntryKind.EVENT, EntryKind.SLA),
    "changes": (
        EntryKind.CHANGE, EntryKind.SEVERITY_CHANGE, EntryKind.STAGE_CHANGE, EntryKind.ROLE_ASSIGNED,
        EntryKind.ACKNOWLEDGED,
    ),
    ALL_ACTIVITY: (),
}  # fmt: skip
TABS: Final = (
    (HIGHLIGHTS, "Highlights"), ("updates", "Updates"), ("notes", "Notes"), ("detection", "Detection"),
    ("changes", "Changes"), (ALL_ACTIVITY, "All activity"),
)  # fmt: skip


@dataclass(slots=True)
class Line:
    """One entry, or a run of machine entries shown as one line."""

    entries: list[TimelineEntry] = field(default_factory=list)

    @property
    def is_run(self) -> bool:
        """Return whether it contains more than one entry."""
        return len(self.entries) > 1

    @property
    def newest(self) -> TimelineEntry:
        """Return the first entry shown."""
        return self.entries[0]

    @property
    def oldest(self) -> TimelineEntry:
        """Return the last entry shown."""
        return self.entries[-1]


def without(view: str) -> tuple[EntryKind, ...]:
    """Return the kinds a view leaves out."""
    return CHATTER if view == HIGHLIGHTS else ()


def lines_of(entries: Iterable[TimelineEntry]) -> list[Line]:
    """Return entries in order; four or more consecutive ones of one machine kind are one line."""
    lines: list[Line] = []
    for kind, run in groupby(entries, key=lambda entry: entry.kind):
        found = list(run)
        if kind in CHATTER and len(found) >= MIN_RUN:
            lines.append(Line(found))
        else:
            lines += [Line([entry]) for entry in found]
    return lines


def refuse_unknown(query: Mapping[str, str]) -> None:
    """Raise Invalid naming `kind` or `before` for an unknown value."""
    if query.get("kind", HIGHLIGHTS) not in KINDS:
        raise invalid("kind", "choice", f"must be one of {', '.join(name for name in KINDS if name)}")
    if (before := query.get("before")) and not _is_cursor(before):
        raise invalid("before", "cursor", "must be a cursor returned by the timeline")


def _is_cursor(text: str) -> bool:
    try:
        decode_cursor(text)
    except Invalid:
        return False
    return True


def entry_named(query: Mapping[str, str]) -> int:
    """Return the entry in `?entry=`; 0 for none."""
    given = query.get("entry", "")
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 19 else 0
