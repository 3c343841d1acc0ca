"""Status transitions of a locked incident, by the rules of `incidents.lifecycle.state_machine`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from core.errors import Conflict, FieldFault, Invalid
from core.templatetags.ui import compact
from incidents.components.services.restoring import restore_components, unrestore_components
from incidents.events import IncidentAcknowledged, status_events
from incidents.lifecycle.services.locked_change import Change, current_state
from incidents.lifecycle.state_machine import (
    ForbiddenMoveError,
    IncidentState,
    entry_kind,
    is_reopening,
    move,
    next_statuses,
)
from incidents.models import Incident, IncidentSignal
from incidents.sla.services.clocks import clocks_for, restart_update_clock, set_deadlines
from incidents.timeline.services.timeline_entries import newest
from incidents.validation import clean_text
from incidents.vocabulary import UNRESOLVED, Stage, Status

_ACTIONS: Final = {Status.RESOLVED: "incident.resolve", Status.CLOSED: "incident.close"}


def move_to(
    change: Change,
    status: Status,
    message: str,
    is_public: bool | None,
    *,
    restores: bool = True,
    keep: Collection[str] = (),
) -> None:
    """Change the status and write timeline, audit trail and outbox.

    A repeat by the same actor changes nothing; for anyone else it is a Conflict naming who was first.
    `is_public` None means internal. Resolving ends the stages and, with `restores`, restores the affected
    components except those named in `keep`. Raises Conflict; Invalid naming `status` for a transition that is
    not allowed.
    """
    incident, before = change.incident, Status(change.incident.status)
    text = clean_text("message", message)
    if status == before:
        # `open` is never a target, so a repeat is not a conflict.
        _ = status == Status.OPEN or change.is_repeat_of(newest(incident, to=status.value), status.value)
        return
    refuse_merged(incident)
    change.refuse_stale()
    after = _moved(change, status)
    is_back = is_reopening(before, status)
    facts: dict[str, Any] = _lost_facts(incident) if is_back else {}
    if is_back:
        unrestore_components(change, incident.resolved_at)
        incident.opening += 1
    _set_times(change, after)
    by_machine = _acknowledged_by_machine(change, before)
    _set_clocks(change, is_back=is_back, restarts_updates=bool(text and is_public))
    facts |= _stage_follows(change, status, is_back=is_back)
    if status == Status.RESOLVED:
        restored = restore_components(change, keep) if restores else []
        facts |= {"restored": restored, "said": bool(text)}
    change.save()
    words = text or _sentence(change, before, is_back=is_back)
    _record(change, before, words, facts, is_public=bool(is_public), by_machine=by_machine)


def _set_times(change: Change, after: IncidentState) -> None:
    """Apply status and times; a person who moves an incident past open also acknowledges it."""
    incident = change.incident
    for name in ("status", "acknowledged_at", "mitigated_at", "resolved_at", "closed_at"):
        setattr(incident, name, getattr(after, name))
    if change.changes().get("acknowledged_at") is not None:
        incident.acknowledged_by_id = change.actor.user_id
        incident.acknowledged_label = change.actor.label[:150]


def _acknowledged_by_machine(change: Change, before: Status) -> bool:
    """Record by name a machine that was the first to move an open incident on, without resolving it."""
    incident = change.incident
    is_first = before == Status.OPEN and incident.status in UNRESOLVED and not incident.acknowledged_label
    if not is_first or change.actor.user_id is not None:
        return False
    incident.acknowledged_label = change.actor.label[:150]
    return True


def _record(
    change: Change, before: Status, words: str, facts: dict[str, Any], *, is_public: bool, by_machine: bool
) -> None:
    """Write the entry, the audit entry and the events of a saved transition."""
    incident, status, actor = change.incident, Status(change.incident.status), change.actor
    is_first = change.changes().get("acknowledged_at") is not None
    data: dict[str, Any] = {"from": before.value, "to": status.value, **facts}
    if is_first:
        data["acknowledged"] = True
    change.note(entry_kind(status), words, is_public=is_public, **data)
    action = "incident.reopen" if is_reopening(before, status) else _ACTIONS.get(status, "incident.status")
    events = status_events(change.ids, before, status, is_public=is_public)
    if is_first or by_machine:
        events.append(IncidentAcknowledged(*change.ids, actor.user_id, actor.label, by_machine))
    change.finish(action, f"{incident.reference}: {before} -> {status}", events)


def _moved(change: Change, status: Status) -> IncidentState:
    incident = change.incident
    course = IncidentState(
        Status(incident.status),
        incident.acknowledged_at,
        incident.mitigated_at,
        incident.resolved_at,
        incident.closed_at,
    )
    try:
        after = move(course, status, change.at, by_person=change.actor.user_id is not None)
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


def refuse_merged(incident: Incident) -> None:
    """Refuse to reopen an incident that was merged into another one. Raises Conflict."""
    if incident.merged_into_id is not None:
        raise Conflict(
            f"{incident.reference} is merged into another incident. Work there, or undo the merge. "
            "Nothing was changed.",
            extra={"current": current_state(incident)},
        )


def refuse_second_unresolved(incident: Incident) -> None:
    """Refuse to reopen if a newer incident is open for the same fingerprint: two would split its events.

    Call it under the counter's lock. Raises Conflict naming the other.
    """
    mine = IncidentSignal.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    theirs = IncidentSignal.objects.of(incident.workspace_id).filter(
        fingerprint__in=mine.values("fingerprint"), incident__status__in=UNRESOLVED
    )
    others = Incident.objects.of(incident.workspace_id).filter(pk__in=theirs.values("incident_id"))
    if (other := others.exclude(pk=incident.pk).order_by("-id").first()) is not None:
        if other.is_private:
            raise Conflict(
                f"{incident.reference} cannot be reopened: another incident is open for the same problem."
            )
        raise Conflict(
            f"{incident.reference} cannot be reopened: {other.reference} is open for the same trouble. "
            f"Work there, or resolve it first. Nothing was changed.",
            extra={"current": current_state(incident), "open": current_state(other)},
        )


def _lost_facts(incident: Incident) -> dict[str, str]:
    """Return the times that reopening clears, for the timeline."""
    times = {"resolved_at": incident.resolved_at, "closed_at": incident.closed_at}
    return {name: moment.isoformat() for name, moment in times.items() if moment is not None}


def _set_clocks(change: Change, *, is_back: bool, restarts_updates: bool) -> None:
    incident = change.incident
    if incident.status not in UNRESOLVED:
        incident.update_due_at = None
    elif is_back:
        set_deadlines(incident, clocks_for(incident), reopened_at=change.at)
        restart_update_clock(incident, change.at)
    elif restarts_updates:
        restart_update_clock(incident, change.at)


def _stage_follows(change: Change, status: Status, *, is_back: bool) -> dict[str, str]:
    """Set the stage that follows from the status: done when resolved, investigation when reopened."""
    incident, before = change.incident, Stage(change.incident.stage)
    if status == Status.RESOLVED:
        incident.stage = Stage.DONE
    elif is_back and before == Stage.DONE:
        incident.stage = Stage.INVESTIGATION
    now = Stage(incident.stage)
    return {"stage_from": before.value, "stage": now.value} if now != before else {}


def _sentence(change: Change, before: Status, *, is_back: bool) -> str:
    incident = change.incident
    now = Status(incident.status)
    if is_back:
        return f"Reopened: {before.label} → {now.label}."
    if now == Status.RESOLVED and incident.resolved_at is not None:
        return (
            f"Resolved in {compact(incident.resolved_at - incident.detected_at)}, without a resolution text."
        )
    return f"Status: {before.label} → {now.label}."
