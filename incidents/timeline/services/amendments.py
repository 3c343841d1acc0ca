"""Edits, withdraws and publishes timeline entries; the original text stays readable."""

from __future__ import annotations

from typing import Final

from accounts.actor import Actor
from core.errors import Conflict
from incidents.events import IncidentEntryAmended
from incidents.lifecycle.services.locked_change import Change
from incidents.models import EntryAmendment, TimelineEntry
from incidents.sla.services.clocks import restart_update_clock
from incidents.timeline.services.entries import on_entry
from incidents.validation import clean_text, invalid
from incidents.vocabulary import EntryKind

AMENDABLE: Final = (EntryKind.NOTE, EntryKind.UPDATE)
MAX_AMENDMENTS: Final = 100  # per entry
Kind = EntryAmendment.Kind


def amend_entry(
    actor: Actor,
    *,
    number: int | str,
    entry_id: int,
    kind: EntryAmendment.Kind | str,
    message: str = "",
    based_on: int | None = None,
) -> TimelineEntry:
    """Edit a note or an update, withdraw it (`message` is the reason), or publish it.

    A public entry that is edited is published again: stakeholders see the new text. Publishing restarts the
    update clock. `based_on`: the number of amendments the caller read. Idempotent. Raises Invalid (field
    `message`, `kind` or `entry`), Conflict (stale, or withdrawn), NotFound, Forbidden.
    """
    wanted = _kind(kind)
    text = clean_text("message", message, required=wanted != Kind.WITHDRAWN)

    def work(it: Change, entry: TimelineEntry) -> None:
        if entry.kind not in AMENDABLE:
            raise invalid("entry", "note", "must be a note or an update: other entries are written by Tocsin")
        if not _is_repeat(entry, wanted, text):
            _refuse(it, entry, based_on)
            _amend(it, entry, wanted, text)

    return on_entry(actor, number, entry_id, work)


def _kind(word: str) -> EntryAmendment.Kind:
    if word not in Kind.values:
        raise invalid("kind", "choice", f"must be one of {', '.join(Kind.values)}")
    return Kind(word)


def _is_repeat(entry: TimelineEntry, kind: EntryAmendment.Kind, text: str) -> bool:
    if kind == Kind.WITHDRAWN:
        return entry.withdrawn_at is not None
    is_same = entry.withdrawn_at is None and entry.text == text
    return is_same and (kind == Kind.REWORDED or entry.is_shown_publicly)


def _refuse(it: Change, entry: TimelineEntry, based_on: int | None) -> None:
    if entry.withdrawn_at is not None:
        raise Conflict("This entry was withdrawn. Write a new one; nothing was changed.")
    if based_on is not None and based_on != entry.amendment_count:
        raise Conflict(
            f"Someone changed this entry of {it.incident.reference} since you read it. It now reads: "
            f"“{entry.text[:200]}”. Nothing was changed."
        )
    if entry.amendment_count >= MAX_AMENDMENTS:
        raise Conflict(f"An entry can be changed {MAX_AMENDMENTS} times. Write a new one.")


def _amend(it: Change, entry: TimelineEntry, kind: EntryAmendment.Kind, text: str) -> None:
    was_public = entry.is_shown_publicly
    if kind == Kind.REWORDED and was_public:
        kind = Kind.PUBLISHED
    entry.amendment_count += 1
    entry.amended_message = text
    if kind == Kind.WITHDRAWN:
        entry.withdrawn_at = it.at
    elif kind == Kind.PUBLISHED:
        entry.published_at = it.at
    fields = ["amendment_count", "amended_message", "withdrawn_at", "published_at"]
    entry.save(update_fields=fields)
    EntryAmendment.objects.create(
        workspace_id=entry.workspace_id,
        entry=entry,
        number=entry.amendment_count,
        kind=kind,
        message=text,
        by_id=it.actor.user_id,
        by_label=it.actor.label[:150],
        at=it.at,
    )
    _record(it, entry, kind, was_public=was_public)


def _record(it: Change, entry: TimelineEntry, kind: EntryAmendment.Kind, *, was_public: bool) -> None:
    if kind == Kind.PUBLISHED and it.incident.is_unresolved:
        restart_update_clock(it.incident, it.at)
    it.touch()
    event = IncidentEntryAmended(*it.ids, entry.pk, kind.value, was_public or entry.is_shown_publicly)
    summary = f"{it.actor.label} {kind.label.lower()} an entry of {it.incident.reference}"
    changes = {"entry": [entry.pk, entry.pk], "amendment": [entry.amendment_count - 1, entry.amendment_count]}
    it.finish(f"incident.entry_{kind.value}", summary, [event], changes)
