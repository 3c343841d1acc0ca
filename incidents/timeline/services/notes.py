"""Adds notes and updates to the timeline."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from accounts.actor import Actor
from incidents.events import IncidentNoted
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import Incident, TimelineEntry
from incidents.sla.deadlines import next_update
from incidents.sla.services.clocks import clocks_for, restart_update_clock
from incidents.timeline.services.timeline_entries import actor_key
from incidents.timeline.update_templates import fill_next_update
from incidents.validation import clean_line, clean_past, clean_text, invalid
from incidents.vocabulary import EntryKind

# The same text by the same actor within this time (double click, form sent again) is one entry.
REPEAT_WITHIN = timedelta(seconds=10)
MAX_UNTIL_UPDATE = timedelta(days=7)


def add_note(
    actor: Actor,
    *,
    message: str,
    number: int | str | None = None,
    incident_id: int | None = None,
    occurred_at: datetime | None = None,
    request_key: str = "",
) -> Incident:
    """Add an internal note of 1 to 20,000 characters.

    Does not change the version, so that notes never conflict. `occurred_at`: when it happened, with a time
    zone, at most ten years ago; default now. `request_key` (up to 200 characters) is an idempotency key: the
    same text with it is written once, however late. Raises Invalid (field `message`, `occurred_at` or
    `request_key`), NotFound, Forbidden.
    """
    words = _Words(EntryKind.NOTE, message, request_key, at=occurred_at)
    return _add(actor, words, number=number, incident_id=incident_id)


def add_update(
    actor: Actor,
    *,
    message: str,
    is_public: bool = True,
    number: int | str | None = None,
    incident_id: int | None = None,
    request_key: str = "",
    next_update_at: datetime | None = None,
) -> Incident:
    """Add a stakeholder update, public by default; restarts the update clock.

    `next_update_at`: the time of the next one, within seven days; default by the SLA target. In the text
    `{next_update}` is replaced by that time. `request_key` as for a note. Raises Invalid (field `message`,
    `next_update_at` or `request_key`), NotFound, Forbidden.
    """
    words = _Words(EntryKind.UPDATE, message, request_key, is_public=is_public, next_at=next_update_at)
    return _add(actor, words, number=number, incident_id=incident_id)


class _Words:
    """The validated text to write."""

    def __init__(
        self,
        kind: EntryKind,
        message: str,
        request_key: str,
        *,
        is_public: bool = False,
        at: datetime | None = None,
        next_at: datetime | None = None,
    ) -> None:
        self.next_at = next_at
        self.kind = kind
        self.text = clean_text("message", message, required=True)
        self.key = clean_line("request_key", request_key) if request_key else ""
        self.is_public = is_public
        self.at = at

    def digest(self, actor: Actor) -> str:
        """Return the stored form of the key: 64 hex digits, specific to the actor and the text.

        "" for none.
        """
        if not self.key:
            return ""
        seed = "\n".join((actor_key(actor), self.key, self.kind, str(self.is_public), self.text))
        return sha256(seed.encode()).hexdigest()


def add_entry(
    actor: Actor,
    *,
    number: int | str,
    kind: EntryKind,
    message: str,
    is_public: bool = False,
    occurred_at: datetime | None = None,
    request_key: str = "",
) -> TimelineEntry:
    """Add a note or an update, as `add_note` and `add_update` do, returning the entry.

    Repeated with its `request_key`, it returns the first entry. Raises Invalid (field `kind` for any other
    kind, `is_public` for a public note, `occurred_at` for an update at another time), NotFound, Forbidden.
    """
    if kind not in (EntryKind.NOTE, EntryKind.UPDATE):
        raise invalid("kind", "choice", "must be note or update: other entries are written by Tocsin")
    if kind == EntryKind.NOTE and is_public:
        raise invalid("public", "internal", "must be false for a note; an update may be public")
    if kind == EntryKind.UPDATE and occurred_at is not None:
        raise invalid("occurred_at", "now", "must not be set for an update: its time is when it is written")
    words = _Words(kind, message, request_key, is_public=is_public, at=occurred_at)
    written: list[TimelineEntry] = []
    change(actor, lambda it: written.append(_once(it, words)), number=number)
    return written[0]


def _add(actor: Actor, words: _Words, *, number: int | str | None, incident_id: int | None) -> Incident:
    def work(it: Change) -> None:
        _once(it, words)

    return change(actor, work, number=number, incident_id=incident_id)


def _once(it: Change, words: _Words) -> TimelineEntry:
    happened, digest = clean_past("occurred_at", words.at, it.at), words.digest(it.actor)
    return _written_before(it, words, digest) or _write(it, words, digest, happened)


def _written_before(it: Change, words: _Words, digest: str) -> TimelineEntry | None:
    entries = TimelineEntry.objects.of(it.incident.workspace_id).filter(incident=it.incident)
    same = (
        entries.filter(request_key=digest)
        if digest
        else entries.filter(
            kind=words.kind,
            message=words.text,
            created_at__gt=it.at - REPEAT_WITHIN,
            data__contains={"by": actor_key(it.actor)},
        )
    )
    first: TimelineEntry | None = same.order_by("id").first()
    return first


def _write(it: Change, words: _Words, digest: str, happened: datetime) -> TimelineEntry:
    text, data = words.text, {}
    if words.kind == EntryKind.UPDATE:
        due = _plan_next(it, words.next_at)
        text = fill_next_update(text, due)
        data = {"next_update_at": due.isoformat()} if due else {}
    it.touch()
    made = it.note(words.kind, text, is_public=words.is_public, at=happened, request_key=digest, **data)
    public = "public " if words.is_public else ""
    event = IncidentNoted(*it.ids, made.pk, words.is_public)
    summary = f"{it.actor.label} added a {public}{words.kind} to {it.incident.reference}"
    it.finish(f"incident.{words.kind}", summary, [event])
    return made


def _plan_next(it: Change, next_at: datetime | None) -> datetime | None:
    """Restart the update clock (not saved) and return when it ends.

    Raises Invalid (field `next_update_at`).
    """
    if next_at is not None and not (it.incident.is_unresolved and _is_soon(next_at, it.at)):
        rule = "must be with a time zone, in the future, within seven days, of an unresolved incident"
        raise invalid("next_update_at", "range", rule)
    if not it.incident.is_unresolved:
        return None
    restart_update_clock(it.incident, it.at)
    if next_at is not None:
        it.incident.update_due_at = next_at
    return it.incident.update_due_at


def _is_soon(next_at: datetime, now: datetime) -> bool:
    return next_at.tzinfo is not None and now < next_at <= now + MAX_UNTIL_UPDATE


def planned_update(incident: Incident, sent_at: datetime) -> datetime | None:
    """Return when the update after one at `sent_at` is due by the SLA target; None: no such target."""
    return next_update(clocks_for(incident), sent_at) if incident.is_unresolved else None
