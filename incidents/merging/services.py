"""Merges two incidents, and undoes that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict, NotFound
from incidents.events import IncidentChanged, IncidentSeverityChanged, status_events
from incidents.lifecycle.services.incident_numbers import lock_counter
from incidents.lifecycle.services.locked_change import Change, current_state
from incidents.lifecycle.services.transitions import refuse_second_unresolved
from incidents.merging.models import DismissedProposal, Merge
from incidents.merging.proposals import proposals_for
from incidents.models import Incident, IncidentSignal
from incidents.privacy.selectors import seen_as
from incidents.reference import parse_reference, reference
from incidents.selectors import incident_by_id
from incidents.sla.services.clocks import clocks_for, set_deadlines
from incidents.validation import invalid
from incidents.vocabulary import SEVERITY_RANK, EntryKind, Severity, Stage, Status

UNDO_WITHIN: Final = timedelta(hours=24)
MAX_SIGNALS: Final = 10_000  # of an absorbed incident: each is listed in the merge, and moves under the lock
_ABSORBED: Final = ("status", "stage", "closed_at", "update_due_at")
_SURVIVOR: Final = (
    "severity", "severity_basis", "started_at", "acknowledge_due_at", "update_due_at", "resolve_due_at",
)  # fmt: skip


def merge_incidents(actor: Actor, *, number: int | str, into: int | str) -> Incident:
    """Merge an incident into another one; returns the survivor. Idempotent.

    The absorbed incident is closed, and its signals move: their findings join the survivor from now on. The
    survivor gets the worse severity and the earlier start. Timeline entries and events stay. Raises Invalid
    (field `into`), NotFound, Forbidden, and Conflict if one of them is not unresolved, is already merged, has
    others merged into it or too many signals, and if only one is a drill or private.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    mine, theirs = parse_reference(number), parse_reference(into)
    if mine == theirs:
        raise invalid("into", "self", "must be another incident")
    with transaction.atomic():
        absorbed, survivor = _locked(actor, mine, theirs)
        if absorbed.merged_into_id != survivor.pk:
            _refuse(absorbed, survivor)
            _merge(Change(actor, absorbed, None), Change(actor, survivor, None))
        return incident_by_id(actor.workspace_id, survivor.pk)


def undo_merge(actor: Actor, *, number: int | str) -> Incident:
    """Undo the merge of an absorbed incident within 24 hours; returns that incident, unresolved as it was.

    Its signals return. Events received meanwhile stay with the survivor. Severity and start of the survivor
    are restored unless changed since. Raises NotFound if it is not merged, Forbidden, and Conflict if it is
    too late, another incident was merged into the survivor since, or the fingerprint has a newer incident.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    mine = parse_reference(number)
    found = seen_as(actor.workspace_id, actor.viewer).filter(number=mine).select_related("merged_into")
    incident = found.first()
    if incident is None or incident.merged_into is None:
        raise NotFound(f"{reference(mine)} is not merged into another incident.")
    with transaction.atomic():
        absorbed, survivor = _locked(actor, mine, incident.merged_into.number)
        merge = _undoable(actor.workspace_id, absorbed, survivor)
        _undo(merge, Change(actor, absorbed, None), Change(actor, survivor, None))
        return incident_by_id(actor.workspace_id, absorbed.pk)


def dismiss_proposal(actor: Actor, *, number: int | str, other: int | str) -> None:
    """Dismiss the proposal to merge these two until there is another kind of reason. Idempotent.

    Raises NotFound, Forbidden.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    with transaction.atomic():
        mine, theirs = _locked(actor, parse_reference(number), parse_reference(other))
        kinds = [
            kind for one in proposals_for(actor, mine) if one.incident.pk == theirs.pk for kind in one.kinds
        ]
        low, high = sorted((mine, theirs), key=lambda one: one.pk)
        row = DismissedProposal(
            workspace_id=actor.workspace_id, low=low, high=high, kinds=kinds, by_label=actor.label[:150]
        )
        DismissedProposal.objects.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["low", "high"],
            update_fields=["kinds", "by_label"],
        )
        summary = f"Proposal to merge {mine.reference} and {theirs.reference} dismissed"
        record(actor, action="incident.proposal_dismiss", target=mine, summary=summary)


def _locked(actor: Actor, mine: int, theirs: int) -> tuple[Incident, Incident]:
    """Return both incidents, locked in the order in which openings lock. Raises NotFound."""
    lock_counter(actor.workspace_id)
    both = seen_as(actor.workspace_id, actor.viewer).filter(number__in=[mine, theirs])
    locked = {row.number: row for row in both.order_by("id").select_for_update(of=("self",))}
    for number in (mine, theirs):
        if number not in locked:
            raise NotFound(f"There is no {reference(number)} in this workspace.")
    return locked[mine], locked[theirs]


def _refuse(absorbed: Incident, survivor: Incident) -> None:
    for one in (absorbed, survivor):
        if one.merged_into_id is not None:
            raise _conflict(f"{one.reference} is merged into another incident already.", one)
        if not one.is_unresolved:
            raise _conflict(f"{one.reference} is {one.status}: only unresolved incidents are merged.", one)
    if Incident.objects.of(absorbed.workspace_id).filter(merged_into=absorbed).exists():
        raise _conflict(
            f"{absorbed.reference} has other incidents merged into it: merge in the other direction.",
            absorbed,
        )
    if absorbed.is_drill != survivor.is_drill:
        raise _conflict("A drill and a real incident are never merged.", absorbed)
    if absorbed.is_private != survivor.is_private:
        raise _conflict("A private incident is merged only with a private one.", absorbed)


def _conflict(why: str, incident: Incident) -> Conflict:
    return Conflict(f"{why} Nothing was changed.", extra={"current": current_state(incident)})


def _merge(absorbed: Change, survivor: Change) -> None:
    one, other = absorbed.incident, survivor.incident
    before_status = Status(one.status)
    moved = IncidentSignal.objects.of(one.workspace_id).filter(incident=one)
    merge = Merge(
        workspace_id=one.workspace_id,
        survivor=other,
        absorbed=one,
        signals=_signal_ids(one),
        survivor_events=other.event_count,
        by_label=absorbed.actor.label[:150],
        undo_until=absorbed.at + UNDO_WITHIN,
    )
    moved.update(incident=other)
    one.merged_into, one.status, one.stage = other, Status.CLOSED, Stage.DONE
    one.closed_at, one.update_due_at = absorbed.at, None
    worse = _take_over(other, one)
    merge.before = {"absorbed": _before(absorbed, _ABSORBED), "survivor": _before(survivor, _SURVIVOR)}
    merge.save(force_insert=True)
    absorbed.save()
    survivor.save()
    absorbed.note(EntryKind.CHANGE, f"Merged into {other.reference}: {other.title}", related=other.number)
    survivor.note(EntryKind.CHANGE, f"{one.reference} was merged into this: {one.title}", related=one.number)
    absorbed.finish(
        "incident.merge",
        f"{one.reference} merged into {other.reference}",
        status_events(absorbed.ids, before_status, Status.CLOSED, is_public=False),
    )
    severity = str(other.severity)
    raised = [IncidentSeverityChanged(*survivor.ids, worse.value, severity)] if worse else []
    summary = f"{other.reference} absorbed {one.reference}"
    survivor.finish("incident.absorb", summary, [IncidentChanged(*survivor.ids), *raised])


def _signal_ids(absorbed: Incident) -> list[int]:
    """Return its signals, for the undo. Raises Conflict if there are more than `MAX_SIGNALS`."""
    rows = IncidentSignal.objects.of(absorbed.workspace_id).filter(incident=absorbed)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[: MAX_SIGNALS + 1])
    if len(ids) > MAX_SIGNALS:
        raise _conflict(
            f"{absorbed.reference} has more than {MAX_SIGNALS:,} signals: merge in the other direction.",
            absorbed,
        )
    return ids


def _take_over(survivor: Incident, absorbed: Incident) -> Severity | None:
    """Give the survivor the earlier start and the worse severity.

    Returns its former severity if that changed.
    """
    survivor.started_at = min(survivor.started_at, absorbed.started_at)
    before, after = Severity(survivor.severity), Severity(absorbed.severity)
    if SEVERITY_RANK[after] >= SEVERITY_RANK[before]:
        return None
    survivor.severity, survivor.severity_basis = after, absorbed.severity_basis
    set_deadlines(survivor, clocks_for(survivor))
    return before


def _before(change: Change, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields that differ: name -> [before, after]."""
    return {name: pair for name, pair in change.changes().items() if name in names}


def _undoable(workspace_id: int, absorbed: Incident, survivor: Incident) -> Merge:
    merges = Merge.objects.of(workspace_id).filter(state=Merge.State.ACTIVE, survivor=survivor)
    merge: Merge | None = merges.filter(absorbed=absorbed).first()
    if merge is None:
        raise NotFound(f"{absorbed.reference} is not merged into {survivor.reference} any more.")
    if merges.filter(pk__gt=merge.pk).exists():
        raise _conflict("Another incident was merged later: undo that merge first.", absorbed)
    return merge


def _undo(merge: Merge, absorbed: Change, survivor: Change) -> None:
    one, other = absorbed.incident, survivor.incident
    if absorbed.at > merge.undo_until:
        raise _conflict(f"The merge of {one.reference} could be undone for 24 hours.", one)
    IncidentSignal.objects.of(one.workspace_id).filter(pk__in=merge.signals).update(incident=one)
    refuse_second_unresolved(one)
    one.merged_into = None
    absorbed.put_back({name: pair[0] for name, pair in merge.before["absorbed"].items()})
    now = survivor.changes_from(merge.before["survivor"])
    survivor.put_back(now)
    merge.state, merge.undone_at = Merge.State.UNDONE, absorbed.at
    merge.save(update_fields=["state", "undone_at"])
    absorbed.save()
    survivor.save()
    count = other.event_count - merge.survivor_events
    rest = f" {count} events received meanwhile stay with {other.reference}." if count > 0 else ""
    absorbed.note(
        EntryKind.CHANGE, f"The merge into {other.reference} was undone.{rest}", related=other.number
    )
    survivor.note(
        EntryKind.CHANGE, f"The merge of {one.reference} into this was undone.{rest}", related=one.number
    )
    summary = f"Merge of {one.reference} into {other.reference} undone"
    absorbed.finish(
        "incident.unmerge",
        summary,
        status_events(absorbed.ids, Status.CLOSED, Status(one.status), is_public=False),
    )
    survivor.finish("incident.unmerge", summary, [IncidentChanged(*survivor.ids)])
