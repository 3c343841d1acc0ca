"""Timeline entries written by Tocsin, for the apps above: a delivery, a breach, a finished run."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.outbox.events import publish
from incidents.events import IncidentNoted
from incidents.models import TimelineEntry
from incidents.privacy.selectors import seen_as
from incidents.timeline.services.timeline_entries import actor_json, entry
from incidents.vocabulary import EntryKind

MAX_LENGTH: Final = 20_000


def add_system_entry(
    actor: Actor,
    *,
    incident_id: int,
    kind: EntryKind,
    message: str,
    once: str,
    at: datetime | None = None,
    **data: Any,
) -> TimelineEntry:
    """Write an entry without changing the incident's version.

    `once` is a unique key, such as "sla:acknowledge:2:breached": repeated, the first entry is returned. `at`:
    when it happened, default now. Raises Forbidden, NotFound.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    digest = sha256(once.encode()).hexdigest()
    with transaction.atomic():
        incident = (
            seen_as(actor.workspace_id, actor.viewer)
            .filter(pk=incident_id)
            .select_for_update(no_key=True, of=("self",))
            .first()
        )
        if incident is None:
            raise NotFound("There is no such incident in this workspace.")
        entries = TimelineEntry.objects.of(actor.workspace_id).filter(incident=incident, request_key=digest)
        found: TimelineEntry | None = entries.first()
        if found is None:
            found = entry(actor, incident, kind, message[:MAX_LENGTH], at=at or timezone.now(), **data)
            found.request_key = digest
            found.save(force_insert=True)
            ids = (actor.workspace_id, incident.pk, incident.number, incident.version)
            publish(IncidentNoted(*ids, found.pk), actor=actor_json(actor))
    return found
