"""Derives the public updates of an incident from its timeline. Pure.

Status changes have fixed texts; free text is included only if it was made public, and held if it looks
sensitive until someone allows it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from core.redaction import redact
from incidents.models import TimelineEntry
from incidents.vocabulary import EntryKind
from status.publishing.models import PublicIncident
from status.publishing.sensitive import flags_in
from status.snapshots.view import UpdateView
from status.vocabulary import PUBLIC_STATUS, STATUS_SENTENCES

MOVES: Final = (EntryKind.STATUS_CHANGE, EntryKind.MITIGATION, EntryKind.RESOLUTION)
TEXTS: Final = (EntryKind.UPDATE, EntryKind.NOTE, *MOVES)
REOPENED: Final = "The problem is back. We are investigating again."


def public_updates(
    published: PublicIncident,
    entries: Iterable[TimelineEntry],
    *,
    internal: Collection[str] = (),
    public: Collection[str] = (),
) -> tuple[UpdateView, ...]:
    """Public updates, newest first; at least one, for the publication itself. `entries`: oldest first."""
    status = "investigating"
    found = [_opening(published)]
    for entry in entries:
        moved = PUBLIC_STATUS.get(str(entry.data.get("to", ""))) if entry.kind in MOVES else None
        text = public_text(published, entry, internal=internal, public=public)
        if moved is None and not text:
            continue
        is_back = moved is not None and status == "resolved" and moved != "resolved"
        is_news = moved is not None and moved != status
        status = moved or status
        if text or is_news:
            body = text or (REOPENED if is_back else STATUS_SENTENCES[status])
            found.append(UpdateView(f"entry:{entry.pk}", status, body, entry.occurred_at))
    return tuple(reversed(found))


def public_text(
    published: PublicIncident,
    entry: TimelineEntry,
    *,
    internal: Collection[str] = (),
    public: Collection[str] = (),
) -> str:
    """The redacted text of a public entry, or ""."""
    if entry.kind not in TEXTS or not entry.is_shown_publicly:
        return ""
    is_allowed = entry.pk in published.allowed_entries
    if not is_allowed and flags_in(entry.text, internal=internal, public=public):
        return ""
    return redact(entry.text)


def _opening(published: PublicIncident) -> UpdateView:
    at = published.incident.detected_at
    return UpdateView("opened", "investigating", STATUS_SENTENCES["investigating"], at)
