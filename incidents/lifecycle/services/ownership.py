"""Acknowledging an incident, which takes ownership, and undoing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from accounts.actor import Actor
from core.outbox.events import DomainEvent
from incidents.events import (
    IncidentAcknowledged,
    IncidentRoleAssigned,
    IncidentStatusChanged,
    IncidentUnacknowledged,
)
from incidents.lifecycle.paging import pages_again
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import Incident, RoleAssignment
from incidents.timeline.services.timeline_entries import newest
from incidents.validation import clean_text
from incidents.vocabulary import EntryKind, ResponseRole, Status

MAX_LABEL: Final = 150


def acknowledge_incident(
    actor: Actor,
    *,
    number: int | str | None = None,
    incident_id: int | None = None,
    note: str = "",
    version: int | None = None,
) -> Incident:
    """Record who works on the incident; the first person counts.

    A person becomes commander if there is none, and an open incident moves to investigating. A machine (a
    token without a person, a sender, Tocsin) is recorded by name only, once: the time of acknowledgement
    stays empty and its clock keeps running. If people are paged again since, any person may acknowledge
    again, which stops that and keeps the first time. Repeated by the same actor: nothing changes. Raises
    Conflict naming who was first (or stale), Invalid, NotFound, Forbidden.
    """

    def work(it: Change) -> None:
        text = clean_text("note", note)
        if it.actor.user_id is not None and pages_again(it.incident):
            _acknowledge_again(it, text)
        elif it.incident.acknowledged_at is not None:
            it.is_repeat_of(newest(it.incident, acknowledged=True), "acknowledged")
        elif it.actor.user_id is None:
            _acknowledge_by_machine(it, text)
        else:
            _acknowledge_by_person(it, text)

    return change(actor, work, number=number, incident_id=incident_id, version=version)


def _acknowledge_by_machine(it: Change, text: str) -> None:
    label = it.actor.label[:MAX_LABEL]
    if it.incident.acknowledged_label:
        return
    it.refuse_stale()
    it.incident.acknowledged_label = label
    it.save()
    message = text or f"Acknowledged by {label}, which is not a person: the acknowledge target still runs."
    it.note(EntryKind.ACKNOWLEDGED, message, by_machine=True)
    summary = f"{label} acknowledged {it.incident.reference}; no person has yet"
    it.finish("incident.acknowledge", summary, [IncidentAcknowledged(*it.ids, None, label, True)])


def _acknowledge_by_person(it: Change, text: str) -> None:
    it.refuse_stale()
    incident, before = it.incident, Status(it.incident.status)
    incident.acknowledged_at = it.at
    incident.acknowledged_by_id = it.actor.user_id
    incident.acknowledged_label = it.actor.label[:MAX_LABEL]
    if before == Status.OPEN:
        incident.status = Status.INVESTIGATING
    is_commander = _take_free_command(it)
    it.save()
    moved = {"from": before.value, "to": incident.status} if incident.status != before else {}
    data: dict[str, Any] = {"acknowledged": True, **moved}
    if is_commander:
        data["commander"] = it.actor.user_id
    it.note(EntryKind.ACKNOWLEDGED, text or _sentence(it, before, is_commander), **data)
    summary = f"{it.actor.label} acknowledged {incident.reference}"
    more = {"commander": [None, it.actor.label]} if is_commander else None
    it.finish("incident.acknowledge", summary, _facts(it, before, is_commander), more)


def _acknowledge_again(it: Change, text: str) -> None:
    """Stop paging that started again; the first acknowledgement and its time stay."""
    it.refuse_stale()
    is_commander = _take_free_command(it)
    it.save()
    data: dict[str, Any] = {"acknowledged": True, "again": True}
    data |= {"commander": it.actor.user_id} if is_commander else {}
    more = {"commander": [None, it.actor.label]} if is_commander else None
    status = Status(it.incident.status)
    it.note(EntryKind.ACKNOWLEDGED, text or _sentence(it, status, is_commander, "again "), **data)
    summary = f"{it.actor.label} acknowledged {it.incident.reference} again"
    it.finish("incident.acknowledge", summary, _facts(it, status, is_commander), more)


def _take_free_command(it: Change) -> bool:
    """Make the actor commander if there is none."""
    rows = RoleAssignment.objects.of(it.incident.workspace_id)
    role = ResponseRole.COMMANDER
    if rows.filter(incident=it.incident, role=role, ended_at=None).exists():
        return False
    rows.create(
        workspace_id=it.incident.workspace_id,
        incident=it.incident,
        role=role,
        user_id=it.actor.user_id,
        assigned_at=it.at,
    )
    return True


def _sentence(it: Change, before: Status, is_commander: bool, again: str = "") -> str:
    parts = [f"Acknowledged {again}by {it.actor.label}."]
    if it.incident.status != before:
        parts.append(f"{before.label} → {Status(it.incident.status).label}.")
    if is_commander:
        parts.append(f"{it.actor.label} is commander.")
    return " ".join(parts)


def _facts(it: Change, before: Status, is_commander: bool) -> list[DomainEvent]:
    incident, user_id = it.incident, it.actor.user_id
    facts: list[DomainEvent] = [IncidentAcknowledged(*it.ids, user_id, it.actor.label[:MAX_LABEL])]
    if incident.status != before:
        facts.append(IncidentStatusChanged(*it.ids, before.value, str(incident.status)))
    if is_commander:
        facts.append(IncidentRoleAssigned(*it.ids, ResponseRole.COMMANDER.value, user_id))
    return facts


def undo_acknowledgement(change: Change, before: Mapping[str, Any]) -> None:
    """Restore status, time and commander as they were; the timeline entry stays.

    `before` maps fields of the incident to the values they had, and `commander` to who became it.
    """
    was = Status(change.incident.status)
    fields = {name: value for name, value in before.items() if name != "commander"}
    change.put_back(fields)
    ended = _end_command(change, before.get("commander"))
    change.save()
    now = Status(change.incident.status)
    parts = [f"Acknowledgement undone by {change.actor.label}."]
    parts += [f"{was.label} → {now.label}."] if now != was else []
    parts += ["Commander unassigned."] if ended else []
    message = " ".join(parts)
    data: dict[str, Any] = {"undone": True, "from": was.value, "to": now.value}
    change.note(EntryKind.ACKNOWLEDGED, message, **data)
    facts: list[DomainEvent] = [IncidentUnacknowledged(*change.ids)]
    if now != was:
        facts.append(IncidentStatusChanged(*change.ids, was.value, now.value))
    if ended:
        facts.append(IncidentRoleAssigned(*change.ids, ResponseRole.COMMANDER.value, None))
    change.finish("incident.undo", f"{change.incident.reference}: {message}", facts)


def _end_command(it: Change, user_id: int | None) -> bool:
    """End that person's command, if they still have it."""
    if user_id is None:
        return False
    held = RoleAssignment.objects.of(it.incident.workspace_id).filter(
        incident=it.incident, role=ResponseRole.COMMANDER, user_id=user_id, ended_at=None
    )
    return bool(held.update(ended_at=it.at))
