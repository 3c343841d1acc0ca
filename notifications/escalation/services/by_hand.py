"""Escalates an incident manually, before the next step is due."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict, NotFound
from core.queue.runner import nudge_queue
from core.queues import CLOCKS
from incidents.models import Incident
from incidents.selectors import incident_for
from incidents.vocabulary import UNRESOLVED
from notifications.escalation.models import Escalation
from notifications.escalation.plan import plan_from
from notifications.escalation.state import cursor_of, restart, resume
from notifications.escalation.written import write_entry

Phase: Final = Escalation.Phase


def escalate_now(actor: Actor, *, reference: str, cursor: str = "", now: datetime) -> Escalation:
    """Run the next step now; after the last step, or after the end, the first one again.

    Overrides an acknowledgement. `cursor` is what the person saw (`cursor_of`): if a step ran meanwhile,
    nothing is changed, so that one request never pages two levels. Raises Forbidden, NotFound, Conflict.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    seen = incident_for(actor, reference)
    with transaction.atomic():
        incidents = Incident.objects.of(actor.workspace_id).filter(pk=seen.pk)
        incident: Incident = incidents.select_for_update(of=("self",), no_key=True).get()
        rows = Escalation.objects.of(actor.workspace_id).select_for_update()
        escalation: Escalation | None = rows.filter(incident=incident).first()
        if escalation is None:
            raise NotFound(f"{incident.reference} has no escalation: no policy matches it.")
        _refuse(escalation, incident, cursor)
        _make_due(escalation, now)
        escalation.save()
        number = escalation.position + 1
        summary = f"{actor.label} escalated {incident.reference} to step {number} manually"
        message = (
            f"{actor.label} escalated manually: step {number} of {escalation.snapshot['name']} pages now."
        )
        write_entry(incident, message, f"{escalation.pk}:{cursor_of(escalation)}:by_hand:{now}", now=now)
        record(actor, action="incident.escalate", target=incident, summary=summary)
        nudge_queue(CLOCKS)
    return escalation


def _refuse(escalation: Escalation, incident: Incident, cursor: str) -> None:
    if incident.status not in UNRESOLVED:
        raise Conflict(f"{incident.reference} is resolved. No one was paged.")
    if cursor and cursor != cursor_of(escalation):
        raise Conflict(
            "A step ran meanwhile, so this request paged no one. Check who was paged, then try again."
        )


def _make_due(escalation: Escalation, now: datetime) -> None:
    is_after_last = escalation.position >= len(plan_from(escalation.snapshot).steps)
    if escalation.phase == Phase.ENDED or is_after_last:
        restart(escalation, now=now)
    elif escalation.phase == Phase.ACKNOWLEDGED:
        resume(escalation, now=now)
    else:
        escalation.due_at, escalation.lease_until = now, None
