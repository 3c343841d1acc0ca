"""Undoes an action on one or many incidents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import Conflict, Problem
from incidents.bulk.models import BulkAction, BulkKind, BulkStep, Outcome
from incidents.bulk.selectors import UNDO_WITHIN, action_of, may_undo, steps_of
from incidents.components.services.restoring import unrestore_components
from incidents.events import status_events
from incidents.lifecycle.services.locked_change import Change, change, current_state
from incidents.lifecycle.services.ownership import undo_acknowledgement
from incidents.lifecycle.services.transitions import refuse_second_unresolved
from incidents.roles.services import give_role, member_of
from incidents.vocabulary import EntryKind, ResponseRole, Status


def undo_action(actor: Actor, *, action_id: int) -> BulkAction:
    """Restore status and times, commander and acknowledgement of every incident the action changed.

    An incident that was changed since is skipped, and its step says so; notes and events do not count as
    changes. A repeat changes nothing. Raises Conflict after more than ten minutes, NotFound for an action of
    someone else, Forbidden.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    action = action_of(actor, action_id)
    if action.undone_at is None and not may_undo(action):
        minutes = UNDO_WITHIN // timedelta(minutes=1)
        raise Conflict(f"It can only be undone for {minutes} minutes. Nothing was changed.")
    for step in steps_of(actor, action):
        if step.outcome == Outcome.DONE and not step.undo:
            _try(actor, action, step)
    BulkAction.objects.of(actor.workspace_id).filter(pk=action.pk, undone_at=None).update(
        undone_at=timezone.now()
    )
    action.refresh_from_db()
    return action


def _try(actor: Actor, action: BulkAction, step: BulkStep) -> None:
    def work(it: Change) -> None:
        _undo_step(it, action, step)

    try:
        with transaction.atomic():
            change(actor, work, incident_id=step.incident_id, in_line=True)
    except Problem as fault:
        _write(step, Outcome.REFUSED, fault.detail)


def _undo_step(it: Change, action: BulkAction, step: BulkStep) -> None:
    step.refresh_from_db(fields=["undo"])  # under the incident's lock: a concurrent undo waits here
    if step.undo:
        return
    if it.incident.version != step.version:
        raise Conflict(
            f"{it.incident.reference} has changed since: it is at version {it.incident.version}, not "
            f"{step.version}. It was left as it is.",
            extra={"current": current_state(it.incident)},
        )
    _BACK[BulkKind(action.kind)](it, step.before)
    _write(step, Outcome.DONE)


def _write(step: BulkStep, outcome: Outcome, why: str = "") -> None:
    step.undo, step.undo_why = outcome, why
    step.save(update_fields=["undo", "undo_why"])


def _unresolve(it: Change, before: Mapping[str, Any]) -> None:
    """Reopen it with its former times and SLA clocks; the resolution stays in the timeline."""
    refuse_second_unresolved(it.incident)
    was, lost = it.incident.status, it.incident.resolved_at
    it.put_back(before)
    unrestore_components(it, lost)
    it.save()
    now = Status(it.incident.status)
    message = f"Resolution undone: {now.label.lower()} again."
    data: dict[str, Any] = {"from": was, "to": now.value, "resolved_at": lost and lost.isoformat()}
    it.note(EntryKind.STATUS_CHANGE, message, undone=True, **data)
    events = status_events(it.ids, Status(was), now)
    it.finish("incident.undo", f"{it.incident.reference}: {message}", events)


def _unassign(it: Change, before: Mapping[str, Any]) -> None:
    user = member_of(it.incident.workspace_id, None, before["user"]) if before["user"] else None
    give_role(it, ResponseRole(before["role"]), user, why="Assignment undone")


_BACK: Final[Mapping[BulkKind, Callable[[Change, Mapping[str, Any]], None]]] = {
    BulkKind.ACKNOWLEDGE: undo_acknowledgement,
    BulkKind.RESOLVE: _unresolve,
    BulkKind.ASSIGN: _unassign,
}
