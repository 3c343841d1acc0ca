"""Records alert updates on open incidents."""

from __future__ import annotations

from accounts.actor import Actor
from core.outbox.events import publish
from incidents.events import IncidentChanged, IncidentEventsJoined
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import Incident
from incidents.selectors import incident_by_id
from incidents.vocabulary import EntryKind


def note_alert(actor: Actor, *, incident_id: int, message: str) -> Incident:
    """Add a timeline entry only: no new version, no audit entry. Raises NotFound, Forbidden."""

    def work(it: Change) -> None:
        it.note(EntryKind.EVENT, message)
        publish(IncidentEventsJoined(actor.workspace_id, (it.incident.number,)))

    return change(actor, work, incident_id=incident_id)


def link_recurrence(actor: Actor, *, incident_id: int, earlier_id: int) -> Incident:
    """Record that an incident is a recurrence of an earlier one. Idempotent.

    A private one is not named in a visible incident. Raises NotFound, Forbidden.
    """
    earlier = incident_by_id(actor.workspace_id, earlier_id)

    def work(it: Change) -> None:
        if earlier.is_private and not it.incident.is_private:
            return
        if it.incident.related.filter(pk=earlier.pk).exists():
            return
        it.incident.related.add(earlier)
        it.save()
        message = f"It happened before: {earlier.reference}, {earlier.title}"
        it.note(EntryKind.UPDATE, message, recurrence_of=earlier.reference)
        pair = {"related": [[], [earlier.reference]]}
        summary = f"{it.incident.reference} is a recurrence of {earlier.reference}"
        it.finish("incident.recur", summary, [IncidentChanged(*it.ids)], pair)

    return change(actor, work, incident_id=incident_id)
