"""Writes invitations to a private incident; for services that hold the incident's lock."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.actor import NO_ONE, Actor
from accounts.models import User
from incidents.models import Incident, InvitedPerson, RoleAssignment, TimelineEntry
from incidents.timeline.actor_keys import actor_key, viewer_named
from incidents.vocabulary import EntryKind

Reason = InvitedPerson.Reason


def invite(incident: Incident, people: Iterable[User], reason: Reason, *, by: str = "") -> int:
    """Invite people to a private incident; existing invitations stay. Returns how many are new."""
    rows = [
        InvitedPerson(
            workspace_id=incident.workspace_id, incident=incident, user=one, viewer=one.pk, reason=reason,
            invited_by=by[:150],
        )
        for one in people
    ]  # fmt: skip
    return _store(incident, rows)


def invite_actor(incident: Incident, actor: Actor, reason: Reason) -> None:
    """Invite the person or machine that declared it or made it private."""
    viewer = viewer_named(actor_key(actor))
    if viewer not in (None, NO_ONE):
        _store(incident, [_row(incident, viewer or 0, reason)])


def invite_known(incident: Incident) -> None:
    """Invite its reporter, current and former role holders, its acknowledger and people paged for it."""
    declared = TimelineEntry.objects.of(incident.workspace_id).filter(
        incident=incident, kind=EntryKind.DETECTED
    )
    first = declared.order_by("occurred_at", "id").first()
    viewer = viewer_named(str(first.data.get("by", ""))) if first is not None else None
    if viewer is not None:
        _store(incident, [_row(incident, viewer, Reason.DECLARED)])
    roles = RoleAssignment.objects.of(incident.workspace_id).filter(incident=incident)
    people = {one.user for one in roles.select_related("user")}
    if incident.acknowledged_by is not None:
        people.add(incident.acknowledged_by)
    invite(incident, sorted(people, key=lambda one: one.pk), Reason.ROLE)
    invite(incident, _paged(incident), Reason.PAGED)


def _paged(incident: Incident) -> list[User]:
    """Return the members whom entries of the timeline name as paged."""
    entries = TimelineEntry.objects.of(incident.workspace_id).filter(
        incident=incident, kind=EntryKind.NOTIFICATION, data__has_key="paged"
    )
    ids = {pk for data in entries.values_list("data", flat=True) for pk in data["paged"]}
    members = User.objects.filter(pk__in=ids, is_active=True, memberships__workspace_id=incident.workspace_id)
    return list(members.order_by("pk"))


def _row(incident: Incident, viewer: int, reason: Reason) -> InvitedPerson:
    user_id = viewer if viewer > 0 else None
    return InvitedPerson(
        workspace_id=incident.workspace_id, incident=incident, user_id=user_id, viewer=viewer, reason=reason
    )


def _store(incident: Incident, rows: list[InvitedPerson]) -> int:
    of = InvitedPerson.objects.of(incident.workspace_id).filter(incident=incident)
    before = of.count()
    InvitedPerson.objects.bulk_create(rows, ignore_conflicts=True)
    return of.count() - before


def invite_paged(workspace_id: int, incident_id: int, user_id: int) -> None:
    """Invite a person who is paged for the private incident."""
    incident = Incident.objects.of(workspace_id).filter(pk=incident_id, is_private=True).first()
    if incident is not None:
        _store(incident, [_row(incident, user_id, Reason.PAGED)])
