"""Plans drafts when incidents are resolved, and writes them in the worker."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from accounts.actor import system_actor
from core.queue.runner import nudge_queue
from incidents.models import Incident
from incidents.vocabulary import Severity
from postmortems.documents.models import Postmortem, Status
from postmortems.drafting.models import DraftRequest
from postmortems.drafting.services import draft_postmortem, refresh_facts
from postmortems.queues import DRAFT

# Too minor for an automatic draft.
NOT_DRAFTED: Final = frozenset({Severity.SEV4})


def plan_draft(workspace_id: int, *, incident_id: int, event_id: int, creates: bool) -> None:
    """Plan a draft, or an update of its facts if it exists. Idempotent by event."""
    if not creates and not _exists(workspace_id, incident_id):
        return
    with transaction.atomic():
        DraftRequest.objects.of(workspace_id).get_or_create(
            incident_id=incident_id,
            event_id=event_id,
            defaults={
                "workspace_id": workspace_id, "incident_id": incident_id, "event_id": event_id,
                "creates": creates,
            },
        )  # fmt: skip
        nudge_queue(DRAFT)


def write_requested(incident: Incident, *, creates: bool) -> None:
    """Draft the postmortem of a resolved incident, or update its facts. Idempotent."""
    actor = system_actor(incident.workspace_id)
    is_over = incident.resolved_at is not None and incident.merged_into_id is None
    if creates and is_over and incident.severity not in NOT_DRAFTED:
        draft_postmortem(actor, incident.number)
    else:
        refresh_facts(actor, incident.pk)


def note_reopened(workspace_id: int, *, incident_id: int) -> None:
    """Mark a postmortem as reopened since, and move it from review back to draft. Idempotent."""
    with transaction.atomic():
        rows = Postmortem.objects.of(workspace_id).filter(incident_id=incident_id)
        found: Postmortem | None = rows.select_related("incident").select_for_update(of=("self",)).first()
        if found is None or found.incident.resolved_at is not None:
            return
        found.reopened_at = found.reopened_at or found.incident.updated_at
        if found.status == Status.IN_REVIEW:
            found.status = Status.DRAFT
        found.version += 1
        found.save(update_fields=["reopened_at", "status", "version"])


def _exists(workspace_id: int, incident_id: int) -> bool:
    return Postmortem.objects.of(workspace_id).filter(incident_id=incident_id).exists()
