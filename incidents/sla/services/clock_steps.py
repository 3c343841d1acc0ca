"""Warns of SLA deadlines and records breaches, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from typing import Final

from django.db import transaction

from accounts.actor import system_actor
from accounts.models import User
from core.outbox.events import DomainEvent, publish_all
from core.queue.items import reschedule, settle
from incidents.events import SlaBreached, SlaWarned
from incidents.models import Incident, RoleAssignment, SlaClock, TimelineEntry
from incidents.timeline.services.timeline_entries import entry
from incidents.vocabulary import EntryKind, ResponseRole

Kind, Phase = SlaClock.Kind, SlaClock.Phase
_DUTIES: Final = {
    Kind.ACKNOWLEDGE: "acknowledge",
    Kind.UPDATE: "update stakeholders",
    Kind.RESOLVE: "resolve",
}


def advance_clocks(now: datetime, *, clocks: Sequence[SlaClock]) -> None:
    """Advance each claimed clock: a warning at 80 %, a breach at its deadline.

    A warning later than the deadline is skipped. One transaction for each workspace, incidents locked in the
    order of their ids; a clock that changed since it was claimed is skipped.
    """
    ordered = sorted(clocks, key=lambda clock: (clock.workspace_id, clock.incident_id, clock.pk))
    for workspace_id, group in groupby(ordered, key=lambda clock: clock.workspace_id):
        with transaction.atomic():
            _advance(workspace_id, list(group), now)


def _advance(workspace_id: int, clocks: list[SlaClock], now: datetime) -> None:
    rows = Incident.objects.of(workspace_id).filter(pk__in={clock.incident_id for clock in clocks})
    incidents = {one.pk: one for one in rows.select_for_update(of=("self",)).order_by("pk")}
    held = _roles_of(workspace_id, incidents)
    entries: list[TimelineEntry] = []
    facts: list[DomainEvent] = []
    for clock in clocks:
        incident = incidents[clock.incident_id]
        is_breach = clock.deadline <= now
        if not _moved(clock, is_breach=is_breach):
            continue
        recipient = _recipient(held.get(incident.pk, {}), clock)
        made = _entry(incident, clock, recipient, is_breach=is_breach)
        entries.append(made)
        facts.append(_fact(incident, clock, recipient, made.message, is_breach=is_breach))
    TimelineEntry.objects.of(workspace_id).bulk_create(entries, ignore_conflicts=True)
    touched = {made.incident_id for made in entries}
    Incident.objects.of(workspace_id).filter(pk__in=touched).update(updated_at=now)
    publish_all(facts)


def _moved(clock: SlaClock, *, is_breach: bool) -> bool:
    """Settle a breach, or reschedule after a warning.

    Returns False if the clock changed since it was claimed.
    """
    if is_breach:
        return settle(clock, phase=Phase.BREACHED, breaches=clock.breaches + 1)
    return reschedule(clock, clock.deadline, phase=Phase.WARNED)


def _entry(incident: Incident, clock: SlaClock, recipient: User | None, *, is_breach: bool) -> TimelineEntry:
    phase = Phase.BREACHED if is_breach else Phase.WARNED
    duty, due = _DUTIES[Kind(clock.kind)], f"{clock.deadline:%Y-%m-%d %H:%M} UTC"
    message = (
        f"SLA breached: time to {duty} ended at {due}." if is_breach else f"SLA warning: {duty} by {due}."
    )
    if recipient is not None:
        message += f" {recipient.label} is reminded."
    made = entry(
        system_actor(incident.workspace_id),
        incident,
        EntryKind.SLA,
        message,
        at=clock.deadline if is_breach else clock.warn_at,
        clock=clock.kind,
        phase=phase.value,
        generation=clock.generation,
        deadline=clock.deadline.isoformat(),
    )
    seed = f"sla:{clock.kind}:{clock.generation}:{phase.value}"
    made.request_key = sha256(seed.encode()).hexdigest()
    return made


def _fact(
    incident: Incident, clock: SlaClock, recipient: User | None, message: str, *, is_breach: bool
) -> DomainEvent:
    ids = (incident.workspace_id, incident.pk, incident.number, incident.version)
    person, deadline = recipient.pk if recipient else None, clock.deadline.isoformat()
    happened = SlaBreached if is_breach else SlaWarned
    return happened(*ids, str(clock.kind), clock.generation, deadline, person, message)


def _roles_of(workspace_id: int, incidents: Iterable[int]) -> dict[int, dict[str, User]]:
    """Return incident -> role -> current holder."""
    roles = RoleAssignment.objects.of(workspace_id).filter(incident_id__in=list(incidents), ended_at=None)
    held: dict[int, dict[str, User]] = {}
    for one in roles.select_related("user"):
        held.setdefault(one.incident_id, {})[one.role] = one.user
    return held


def _recipient(held: Mapping[str, User], clock: SlaClock) -> User | None:
    """Return the user to remind: for updates the comms lead, else the commander."""
    commander = held.get(ResponseRole.COMMANDER.value)
    return held.get(ResponseRole.COMMS_LEAD.value, commander) if clock.kind == Kind.UPDATE else commander
