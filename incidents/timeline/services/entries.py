"""Pins, unpins and re-times timeline entries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from accounts.actor import Actor
from core.errors import Conflict, NotFound
from incidents.events import IncidentChanged
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import TimelineEntry
from incidents.validation import clean_past, invalid
from incidents.vocabulary import EntryKind

PINS: Final = 20  # more would push the timeline off the page


def pin_entry(actor: Actor, *, number: int | str, entry_id: int) -> TimelineEntry:
    """Pin an entry to the top of the timeline (idempotent). Does not change the version.

    Raises NotFound, Conflict when 20 are pinned already, Forbidden.
    """

    def work(it: Change, entry: TimelineEntry) -> None:
        if entry.pinned_at is not None:
            return
        if _pins(it) >= PINS:
            raise Conflict(f"{PINS} entries are already pinned. Unpin one first; nothing was changed.")
        entry.pinned_at = it.at
        _save(it, entry, ["pinned_at"], "incident.pin", "pinned")

    return on_entry(actor, number, entry_id, work)


def unpin_entry(actor: Actor, *, number: int | str, entry_id: int) -> TimelineEntry:
    """Unpin an entry (idempotent). Raises NotFound, Forbidden."""

    def work(it: Change, entry: TimelineEntry) -> None:
        if entry.pinned_at is not None:
            entry.pinned_at = None
            _save(it, entry, ["pinned_at"], "incident.unpin", "unpinned")

    return on_entry(actor, number, entry_id, work)


def correct_entry_time(
    actor: Actor, *, number: int | str, entry_id: int, occurred_at: datetime
) -> TimelineEntry:
    """Correct when the event of a note happened: with a time zone, in the past, at most ten years ago.

    Notes only: every other time was recorded by Tocsin itself. Text and time of writing stay. Raises Invalid
    (field `occurred_at`), NotFound, Forbidden.
    """

    def work(it: Change, entry: TimelineEntry) -> None:
        if entry.kind != EntryKind.NOTE:
            raise invalid("occurred_at", "note", "can be corrected on a note only")
        happened, before = clean_past("occurred_at", occurred_at, it.at), entry.occurred_at
        if happened == before:
            return
        entry.occurred_at, entry.time_corrected_at = happened, it.at
        pair = [before.isoformat(), happened.isoformat()]
        fields = ["occurred_at", "time_corrected_at"]
        _save(it, entry, fields, "incident.entry_time", "corrected the time of", occurred_at=pair)

    return on_entry(actor, number, entry_id, work)


def on_entry(
    actor: Actor, number: int | str, entry_id: int, work: Callable[[Change, TimelineEntry], None]
) -> TimelineEntry:
    """Run `work` on one entry of a locked incident; returns the entry."""
    found: list[TimelineEntry] = []

    def run(it: Change) -> None:
        entry = TimelineEntry.objects.of(actor.workspace_id).filter(incident=it.incident, pk=entry_id).first()
        if entry is None:
            raise NotFound(f"{it.incident.reference} has no such entry in its timeline.")
        found.append(entry)
        work(it, entry)

    change(actor, run, number=number)
    return found[0]


def _pins(it: Change) -> int:
    pinned = TimelineEntry.objects.of(it.incident.workspace_id).filter(
        incident=it.incident, pinned_at__isnull=False
    )
    return int(pinned.count())


def _save(
    it: Change, entry: TimelineEntry, fields: list[str], action: str, done: str, **changes: Any
) -> None:
    entry.save(update_fields=fields)
    it.touch()
    summary = f"{it.actor.label} {done} an entry of {it.incident.reference}: {entry.message[:120]}"
    it.finish(action, summary, [IncidentChanged(*it.ids)], {"entry": [entry.pk, entry.pk], **changes})
