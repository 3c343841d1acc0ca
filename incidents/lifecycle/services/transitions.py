"""Status transitions of a locked incident, by the rules of `incidents.lifecycle.state_machine`."""

from __future__ import annotations

from typing import Any, Final

from core.errors import Conflict, FieldFault, Invalid
from incidents.events import IncidentAcknowledged, status_events
from incidents.lifecycle.services.locked_change import Change, current_state
from incidents.lifecycle.state_machine import (
    Course,
    ForbiddenMoveError,
    entry_kind,
    is_reopening,
    move,
    next_statuses,
)
from incidents.models import Incident, IncidentSignal
from incidents.sla.services.clocks import clocks_for, restart_update_clock, set_deadlines
from incidents.timeline.services.timeline_entries import newest
from incidents.validation import clean_text
from incidents.vocabulary import UNRESOLVED, Status

_ACTIONS: Final = {Status.RESOLVED: "incident.resolve", Status.CLOSED: "incident.close"}


def move_to(change: Change, status: Status, message: str, is_public: bool | None) -> None:
    """Move the incident, tell the timeline, the audit log and the outbox.

    A repeat by whoever made the move changes nothing; anybody else is told who was first. `is_public` None
    means internal. Raises Conflict; Invalid naming `status` for a move that cannot follow.
    """
    incident, before = change.incident, Status(change.incident.status)
    text = clean_text("message", message)
    if status == before:
        # Nobody moves an incident to open, so asking for it again is nobody's defeat.
        _ = status == Status.OPEN or change.is_repeat_of(newest(incident, to=status.value), status.value)
        return
    change.refuse_stale()
    after = _moved(change, status)
    is_back = is_reopening(before, status)
    facts = _lost_facts(incident) if is_back else {}
    for name in ("status", "acknowledged_at", "mitigated_at", "resolved_at", "closed_at"):
        setattr(incident, name, getattr(after, name))
    _set_clocks(change, is_back=is_back, told=bool(text and is_public))
    change.save()
    is_first = change.changes().get("acknowledged_at") is not None
    data: dict[str, Any] = {"from": before.value, "to": status.value, **facts}
    if is_first:
        data["acknowledged"] = True
    change.note(entry_kind(status), text or _sentence(status, is_back), is_public=bool(is_public), **data)
    action = "incident.reopen" if is_back else _ACTIONS.get(status, "incident.status")
    summary = f"{incident.reference}: {before} -> {status}"
    events = status_events(change.ids, before, status, is_public=bool(is_public))
    if is_first:
        events.append(IncidentAcknowledged(*change.ids))
    change.finish(action, summary, events)


def _moved(change: Change, status: Status) -> Course:
    incident = change.incident
    course = Course(
        Status(incident.status),
        incident.acknowledged_at,
        incident.mitigated_at,
        incident.resolved_at,
        incident.closed_at,
    )
    try:
        after = move(course, status, change.at)
    except ForbiddenMoveError as error:
        fault = FieldFault("status", "transition", str(error))
        extra = {
            "current": current_state(incident),
            "allowed": [allowed.value for allowed in next_statuses(course.status)],
        }
        raise Invalid(
            f"{incident.reference}: {error}. Nothing was changed.", faults=[fault], extra=extra
        ) from error
    if is_reopening(course.status, status):
        refuse_second_unresolved(incident)
    return after


def refuse_second_unresolved(incident: Incident) -> None:
    """The same trouble may have opened a newer incident meanwhile; two at once would split its events.

    Ask under the counter's lock. Raises Conflict naming the other.
    """
    mine = IncidentSignal.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    theirs = IncidentSignal.objects.of(incident.workspace_id).filter(
        fingerprint__in=mine.values("fingerprint"), incident__status__in=UNRESOLVED
    )
    others = Incident.objects.of(incident.workspace_id).filter(pk__in=theirs.values("incident_id"))
    if (other := others.exclude(pk=incident.pk).order_by("-id").first()) is not None:
        raise Conflict(
            f"{incident.reference} cannot be reopened: {other.reference} is open for the same trouble. "
            f"Work there, or resolve it first. Nothing was changed.",
            extra={"current": current_state(incident), "open": current_state(other)},
        )


def _lost_facts(incident: Incident) -> dict[str, str]:
    """The times that reopening clears, kept in the timeline."""
    times = {"resolved_at": incident.resolved_at, "closed_at": incident.closed_at}
    return {name: moment.isoformat() for name, moment in times.items() if moment is not None}


def _set_clocks(change: Change, *, is_back: bool, told: bool) -> None:
    incident = change.incident
    if incident.status not in UNRESOLVED:
        incident.update_due_at = None
    elif is_back:
        set_deadlines(incident, clocks_for(incident))
        restart_update_clock(incident, change.at)
    elif told:
        restart_update_clock(incident, change.at)


def _sentence(status: Status, is_back: bool) -> str:
    return "Reopened." if is_back else f"Status set to {status.label.lower()}."
