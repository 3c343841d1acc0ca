"""Words added to the timeline: notes for the responders, updates for whoever waits."""

from __future__ import annotations

from datetime import timedelta

from accounts.actor import Actor
from incidents.events import IncidentNoted
from incidents.models import Incident, TimelineEntry
from incidents.services.changing import Change, change
from incidents.services.journal import actor_key
from incidents.services.sla import restart_update_clock
from incidents.texts import clean_text
from incidents.vocabulary import EntryKind

# Two clicks, or a form sent again: the same words by the same hand this soon are one entry.
REPEAT_WITHIN = timedelta(seconds=10)


def add_note(
    actor: Actor, *, message: str, number: int | str | None = None, incident_id: int | None = None
) -> Incident:
    """An internal note of 1 to 20,000 characters. Changes no version: two people may write at once.

    Raises Invalid (field `message`), NotFound, Forbidden.
    """
    return _add(actor, EntryKind.NOTE, message, is_public=False, number=number, incident_id=incident_id)


def add_update(
    actor: Actor,
    *,
    message: str,
    is_public: bool = True,
    number: int | str | None = None,
    incident_id: int | None = None,
) -> Incident:
    """What stakeholders are told, public unless said otherwise; restarts the update clock.

    Raises Invalid (field `message`), NotFound, Forbidden.
    """
    return _add(actor, EntryKind.UPDATE, message, is_public=is_public, number=number, incident_id=incident_id)


def _add(
    actor: Actor,
    kind: EntryKind,
    message: str,
    *,
    is_public: bool,
    number: int | str | None,
    incident_id: int | None,
) -> Incident:
    text = clean_text("message", message, required=True)

    def work(it: Change) -> None:
        if not _is_repeat(it, kind, text):
            _write(it, kind, text, is_public)

    return change(actor, work, number=number, incident_id=incident_id)


def _is_repeat(it: Change, kind: EntryKind, text: str) -> bool:
    entries = TimelineEntry.objects.of(it.incident.workspace_id).filter(
        incident=it.incident,
        kind=kind,
        message=text,
        created_at__gt=it.at - REPEAT_WITHIN,
        data__contains={"by": actor_key(it.actor)},
    )
    return bool(entries.exists())


def _write(it: Change, kind: EntryKind, text: str, is_public: bool) -> None:
    if kind == EntryKind.UPDATE and it.incident.is_unresolved:
        restart_update_clock(it.incident, it.at)
    it.touch()
    entry = it.note(kind, text, is_public=is_public)
    public = "public " if is_public else ""
    event = IncidentNoted(*it.ids, entry.pk, is_public)
    it.finish(
        f"incident.{kind}", f"{it.actor.label} added a {public}{kind} to {it.incident.reference}", [event]
    )
