"""Reads and writes timeline entries of escalations."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db.models import QuerySet

from accounts.actor import system_actor
from incidents.models import Incident, TimelineEntry
from incidents.timeline.services.timeline_entries import entry
from incidents.vocabulary import EntryKind

# Entries that show that a person works on the incident.
SIGNS = (
    EntryKind.ACKNOWLEDGED,
    EntryKind.ROLE_ASSIGNED,
    EntryKind.STATUS_CHANGE,
    EntryKind.STAGE_CHANGE,
    EntryKind.UPDATE,
    EntryKind.NOTE,
    EntryKind.MITIGATION,
)
ACKNOWLEDGING = SIGNS[:4]


def write_entry(incident: Incident, message: str, key: str, *, now: datetime, **data: Any) -> None:
    """Add an entry of kind notification. Idempotent by key."""
    made = entry(
        system_actor(incident.workspace_id), incident, EntryKind.NOTIFICATION, message, at=now, **data
    )
    made.request_key = sha256(f"escalation:{key}".encode()).hexdigest()
    TimelineEntry.objects.bulk_create([made], ignore_conflicts=True)


def last_sign(incident: Incident, user_id: int | None, *, since: datetime) -> datetime | None:
    """When the holder of an acknowledgement was last active on the incident after `since`."""
    written = _by_people(incident, since).filter(author_id=user_id, kind__in=SIGNS)
    found: datetime | None = (
        written.order_by("-occurred_at", "-id").values_list("occurred_at", flat=True).first()
    )
    return found


def last_responder(incident: Incident, *, since: datetime | None) -> int | None:
    """The person who last acknowledged, assigned a role or changed the status after `since`."""
    written = _by_people(incident, since).filter(kind__in=ACKNOWLEDGING)
    found: int | None = written.order_by("-id").values_list("author_id", flat=True).first()
    return found


def _by_people(incident: Incident, since: datetime | None) -> QuerySet[TimelineEntry]:
    """Entries by people, after the last time that an acknowledgement was undone."""
    entries: QuerySet[TimelineEntry] = TimelineEntry.objects.of(incident.workspace_id)
    entries = entries.filter(incident=incident)
    undone = entries.filter(kind=EntryKind.ACKNOWLEDGED, data__contains={"undone": True})
    last = undone.order_by("-id").values_list("id", flat=True).first()
    entries = entries.filter(author__isnull=False, id__gt=last or 0)
    return entries if since is None else entries.filter(occurred_at__gt=since)
