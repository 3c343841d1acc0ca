"""Assigns response roles: one holder per role."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.models import Membership, User
from incidents.events import IncidentRoleAssigned
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import Incident, RoleAssignment
from incidents.parsing import as_role
from incidents.privacy.invitations import Reason, invite
from incidents.validation import clean_line, invalid
from incidents.vocabulary import EntryKind, ResponseRole


def assign_role(
    actor: Actor,
    *,
    number: int | str | None = None,
    incident_id: int | None = None,
    role: ResponseRole | str = ResponseRole.COMMANDER,
    username: str | None = None,
    user_id: int | None = None,
    version: int | None = None,
) -> Incident:
    """Assign a role to a member, by user name, email address or id; with neither it is unassigned.

    The current holder again changes nothing. Raises Invalid (field `username`) when no such member is in the
    workspace; Conflict (stale), NotFound, Forbidden.
    """
    wanted = as_role(role)

    def work(it: Change) -> None:
        give_role(it, wanted, member_of(actor.workspace_id, username, user_id))

    return change(actor, work, number=number, incident_id=incident_id, version=version)


def member_of(workspace_id: int, username: str | None, user_id: int | None) -> User | None:
    """Return the member given either way; None for neither. Raises Invalid (field `username`)."""
    if user_id is None and username is None:
        return None
    members = Membership.objects.of(workspace_id).filter(user__is_active=True).select_related("user")
    if user_id is not None:
        found = members.filter(user_id=user_id)
    else:
        name = clean_line("username", username or "")
        found = members.filter(user__username__iexact=name) or members.filter(user__email__iexact=name)
    member: Membership | None = found.first()
    if member is None:
        raise invalid("username", "member", "must name a member of this workspace")
    return member.user


def give_role(change: Change, role: ResponseRole, user: User | None, *, why: str = "") -> None:
    """Assign a role on a locked incident, or unassign it; `why` begins the timeline entry."""
    held = RoleAssignment.objects.of(change.incident.workspace_id).filter(
        incident=change.incident, role=role, ended_at__isnull=True
    )
    before: RoleAssignment | None = held.select_related("user").first()
    if (before.user_id if before else None) == (user.pk if user else None):
        return
    change.refuse_stale()
    if before is not None:
        held.update(ended_at=change.at)
    if user is not None:
        if change.incident.is_private:
            invite(change.incident, [user], Reason.ROLE, by=change.actor.label)
        RoleAssignment.objects.create(
            workspace_id=change.incident.workspace_id,
            incident=change.incident,
            role=role,
            user=user,
            assigned_at=change.at,
        )
    change.save()
    _record(change, role, before.user if before else None, user, why)


def _record(it: Change, role: ResponseRole, before: User | None, after: User | None, why: str) -> None:
    pair = " → ".join(user.label if user else "unassigned" for user in (before, after))
    message = f"{why}: " * bool(why) + f"{role.label}: {pair}."
    it.note(EntryKind.ROLE_ASSIGNED, message, role=role.value, user=after.pk if after else None)
    names = [before.username if before else None, after.username if after else None]
    event = IncidentRoleAssigned(*it.ids, role.value, after.pk if after else None)
    it.finish("incident.role", f"{it.incident.reference}: {message}", [event], {role.value: names})
