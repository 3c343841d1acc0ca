"""Timeline queries: pins, pages, full activity with audit entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, Final

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.models import AuditEntry
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.sql.compiled_queries import compiled
from incidents.listing.keyset import Page, decode_cursor, encode_cursor
from incidents.merging.family import family_of
from incidents.models import EntryAmendment, Incident, TimelineEntry
from incidents.selectors import timeline_of
from incidents.validation import invalid
from incidents.vocabulary import CHATTER, EntryKind

BOTH: Final = ("timeline", "audit")
Position = tuple[datetime, int] | None


def source_named(word: str) -> str:
    """Return "timeline" or "audit". Raises ValueError."""
    return BOTH[BOTH.index(word)]


def entry_for(actor: Actor, incident: Incident, entry_id: int) -> TimelineEntry:
    """Return one entry of an incident. Raises NotFound, Forbidden."""
    entry: TimelineEntry | None = _entries(actor, incident).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound(f"{incident.reference} has no such entry in its timeline.")
    return entry


def amendments_of(actor: Actor, entry: TimelineEntry) -> list[EntryAmendment]:
    """Return every amendment of an entry, newest first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rows = EntryAmendment.objects.of(actor.workspace_id).filter(entry=entry)
    return list(rows.order_by("-number"))


def pinned_entries(actor: Actor, incident: Incident) -> list[TimelineEntry]:
    """Return the pinned entries, last pinned first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return _pinned(actor.workspace_id, incident.pk)


@compiled(int, int)
def _pinned(workspace_id: int, incident_id: int) -> QuerySet[TimelineEntry]:
    entries = TimelineEntry.objects.of(workspace_id).filter(incident_id=incident_id)
    pinned: QuerySet[TimelineEntry] = entries.filter(pinned_at__isnull=False)
    return pinned.order_by("-pinned_at", "-id")


def _entries(actor: Actor, incident: Incident) -> Any:
    require(actor, Capability.INCIDENTS_READ)
    return TimelineEntry.objects.of(actor.workspace_id).filter(incident_id=incident.pk)


def timeline_around(
    actor: Actor, incident: Incident, entry_id: int, *, limit: int = 50
) -> tuple[Page[TimelineEntry], bool]:
    """Return the page that contains an entry, and whether it is of the full timeline.

    Without such an entry it is the newest page of the highlights. Raises Forbidden.
    """
    newest = timeline_of(actor, incident.pk, without=CHATTER, limit=limit)
    if any(entry.pk == entry_id for entry in newest.items):
        return newest, False
    entry = _entries(actor, incident).filter(pk=entry_id).first()
    if entry is None:
        return newest, False
    # A cursor names the row before the first one shown.
    cursor = encode_cursor(entry.occurred_at, entry.pk + 1)
    is_chatter = entry.kind in CHATTER
    without: Iterable[EntryKind] = () if is_chatter else CHATTER
    page = timeline_of(actor, incident.pk, without=without, cursor=cursor, limit=limit)
    return page, is_chatter


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the full activity: a timeline entry, or an audit entry."""

    at: datetime
    entry: TimelineEntry | None = None
    audit: AuditEntry | None = None


def activity_page(
    actor: Actor,
    incident: Incident,
    *,
    sources: Iterable[str] = BOTH,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Act]:
    """Return timeline and audit entries of an incident and those merged into it, newest first.

    At most three statements.

    `sources`: "timeline", "audit" or both. Permission to read the incident is enough to read its changes.
    Raises Forbidden, Invalid (cursor).
    """
    require(actor, Capability.INCIDENTS_READ)
    family = family_of(actor.workspace_id, incident.pk)
    entries = TimelineEntry.objects.of(actor.workspace_id).filter(incident_id__in=family)
    rows = _audited(actor, family)
    before, audit_before = _positions(cursor)
    if before:
        at, pk = before
        entries = entries.filter(occurred_at__lte=at).exclude(occurred_at=at, pk__gte=pk)
    if audit_before:
        rows = rows.filter(pk__lt=audit_before)
    chosen = set(sources)
    entry_rows = entries.order_by("-occurred_at", "-id")[: limit + 1] if "timeline" in chosen else ()
    audit_rows = rows.order_by("-id")[: limit + 1] if "audit" in chosen else ()
    streams = ((Act(e.occurred_at, entry=e) for e in entry_rows), (Act(r.at, audit=r) for r in audit_rows))
    # Each source has its own order, so a cursor with its last line skips none.
    acts = list(islice(merge(*streams, key=lambda act: act.at, reverse=True), limit + 1))
    return Page(acts[:limit], _next(acts, limit, before, audit_before))


def _audited(actor: Actor, family: Sequence[int]) -> Any:
    rows = AuditEntry.objects.of(actor.workspace_id)
    return rows.filter(object_type="incident", object_id__in=[str(pk) for pk in family])


def _next(acts: list[Act], limit: int, before: Position, audit_before: int) -> str | None:
    """Return a cursor with the last line shown of each source."""
    if len(acts) <= limit:
        return None
    for act in acts[:limit]:
        if act.entry is not None:
            before = (act.at, act.entry.pk)
        elif act.audit is not None:
            audit_before = act.audit.pk
    return f"{encode_cursor(*before) if before else ''}.{audit_before or ''}"


def _positions(cursor: str | None) -> tuple[Position, int]:
    """Parse what `_next` returned. Raises Invalid (field `cursor`)."""
    if not cursor:
        return None, 0
    timeline, dot, audit = cursor.partition(".")
    if not dot or len(audit) > 18 or not (audit == "" or (audit.isascii() and audit.isdigit())):
        raise invalid("cursor", "cursor", "must be a cursor returned by this list")
    return decode_cursor(timeline) if timeline else None, int(audit or 0)
