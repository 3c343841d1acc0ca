"""Decides which incidents are archived, and plans archives and restores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Workspace
from accounts.permissions import Capability, require
from core.errors import Conflict
from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from incidents.archive.models import IncidentArchive
from incidents.archive.parts import OBSTACLES
from incidents.archive.queues import ARCHIVE
from incidents.models import Incident
from incidents.selectors import incident_for
from incidents.vocabulary import OVER

MAX_PLANNED: Final = 500
DEFAULT_HOLD: Final = timedelta(days=30)
Phase = IncidentArchive.Phase
Candidate = tuple[Incident, str]


def candidates(
    workspace_id: int, *, before: datetime, now: datetime, limit: int = MAX_PLANNED
) -> list[Candidate]:
    """Return incidents resolved before then and not archived, oldest first, each with its obstacle or ""."""
    held = Q(archive__state=WorkItem.State.PENDING) | Q(archive__hold_until__gt=now)
    rows = Incident.objects.of(workspace_id).filter(
        Q(merged_into=None) | Q(merged_into__archived_at__isnull=False),
        status__in=OVER, archived_at=None, resolved_at__lt=before,
    )  # fmt: skip
    found: list[Incident] = list(rows.exclude(held).order_by("resolved_at", "id")[:limit])
    ids = [one.pk for one in found]
    reasons: dict[int, str] = {}
    for obstacle in OBSTACLES:
        reasons |= obstacle(workspace_id, ids, now)
    return [(one, reasons.get(one.pk, "")) for one in found]


def plan_archives(workspace_id: int, incidents: Sequence[Incident], *, by: str) -> list[int]:
    """Plan the archives of these incidents; return the ids of the plans. Idempotent."""
    rows = IncidentArchive.objects.of(workspace_id)
    with transaction.atomic():
        for incident in incidents:
            again = {
                "phase": Phase.PLANNED, "state": WorkItem.State.PENDING, "due_at": Now(), "attempts": 0,
                "lease_until": None, "by_label": by[:150], "last_error": "",
            }  # fmt: skip
            made, is_new = rows.get_or_create(
                incident=incident, defaults={"workspace_id": workspace_id, "by_label": by[:150]}
            )
            if not is_new:
                rows.filter(pk=made.pk).exclude(state=WorkItem.State.PENDING).exclude(
                    phase=Phase.ARCHIVED
                ).update(**again)
        if incidents:
            nudge_queue(ARCHIVE)
    found = rows.filter(incident__in=incidents, state=WorkItem.State.PENDING)
    return list(found.order_by("id").values_list("pk", flat=True))


def plan_everywhere(now: datetime, age: timedelta) -> int:
    """Plan the archives due in every workspace; return how many."""
    total = 0
    for workspace in Workspace.objects.order_by("id"):
        found = candidates(workspace.pk, before=now - age, now=now)
        ready = [incident for incident, why in found if not why]
        total += len(plan_archives(workspace.pk, ready, by="Tocsin"))
    return total


def request_restore(actor: Actor, reference: int | str, *, now: datetime) -> IncidentArchive:
    """Plan the restore of an archived incident. Idempotent while it is being restored.

    It is archived again after as many days as after a resolution. Raises Conflict if it is not archived,
    NotFound, Forbidden.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, reference)
    hold = timedelta(days=settings.INCIDENT_ARCHIVE_DAYS) or DEFAULT_HOLD
    with transaction.atomic():
        rows = IncidentArchive.objects.of(actor.workspace_id).filter(incident_id=incident.pk)
        found: IncidentArchive | None = rows.select_for_update(of=("self",)).first()
        if found is None or found.phase not in (Phase.ARCHIVED, Phase.RESTORING):
            raise Conflict(f"{incident.reference} is not archived. Nothing was changed.")
        if found.phase == Phase.ARCHIVED or found.state == WorkItem.State.DEAD:
            rows.update(
                phase=Phase.RESTORING, state=WorkItem.State.PENDING, due_at=Now(), attempts=0,
                lease_until=None, last_error="", hold_until=now + hold,
            )  # fmt: skip
            summary = f"{actor.label} requested the restore of {incident.reference} from its archive"
            record(actor, action="incident.restore", target=incident, summary=summary)
            nudge_queue(ARCHIVE)
    made: IncidentArchive = rows.select_related("incident").get()
    return made
