"""Plans invitations to a room and removals from it, one step per person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import BigIntegerField
from django.db.models.functions import Cast, Now
from django.utils import timezone

from accounts.models import User
from accounts.oncall.selectors import on_call_at
from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from incidents.models import Incident, RoleAssignment
from incidents.privacy.selectors import people_who_see
from incidents.selectors import incident_by_id
from notifications.escalation.resolve import schedule_of
from postmortems.notices.mentions import who_may_see
from warroom.connection.models import SlackUser
from warroom.queues import SLACK
from warroom.rooms.models import Room, RoomStep

FRESH: Final = {"attempts": 0, "settled_at": None, "code": "", "hint": ""}  # of a step that runs again


def plan_invites(workspace_id: int, room: Room, users: Iterable[User]) -> None:
    """Plan an invite step for each person without one."""
    planned = [
        RoomStep(
            workspace_id=workspace_id, room=room, kind=RoomStep.Kind.INVITE, argument=str(user.pk),
            label=user.label,
        )
        for user in users
    ]  # fmt: skip
    RoomStep.objects.bulk_create(planned, ignore_conflicts=True)


def reinvite(workspace_id: int, room: Room, user_id: int) -> None:
    """Invite a person again, so that someone who left the room and now takes a role is back."""
    steps = RoomStep.objects.of(workspace_id).filter(
        room=room, kind=RoomStep.Kind.INVITE, argument=str(user_id), state=WorkItem.State.DONE
    )
    steps.update(state=WorkItem.State.PENDING, due_at=Now(), **FRESH)


def remove_hidden(workspace_id: int, room: Room) -> None:
    """Plan to remove from a private room those invited who may no longer see the incident. Idempotent."""
    incident = incident_by_id(workspace_id, room.incident_id)
    if not incident.is_private or not room.is_private:
        return
    with transaction.atomic():
        steps = RoomStep.objects.of(workspace_id).filter(room=room)
        invites = list(steps.filter(kind=RoomStep.Kind.INVITE))
        seeing = set(who_may_see(incident, [int(one.argument) for one in invites]))
        hidden = [one for one in invites if int(one.argument) not in seeing]
        for one in hidden:
            if one.code and one.lease_until is None:
                continue  # was refused or skipped: not in the channel
            # A worker may be inviting the person at this moment, until its lease ends.
            again = {"state": WorkItem.State.PENDING, "due_at": one.lease_until or Now(), **FRESH}
            values = {"workspace_id": workspace_id, "label": one.label, **again}
            steps.update_or_create(
                room=room, kind=RoomStep.Kind.REMOVE, argument=one.argument, defaults=values
            )
        steps.filter(pk__in=[one.pk for one in hidden]).delete()
        if hidden:
            nudge_queue(SLACK)


def invite_missing(workspace_id: int, room: Room) -> None:
    """Invite current responders, and those who were skipped before they were linked."""
    incident = incident_by_id(workspace_id, room.incident_id)
    if not incident.is_unresolved:
        return
    with transaction.atomic():
        plan_invites(workspace_id, room, responders(incident))
        skipped = RoomStep.objects.of(workspace_id).filter(
            room=room, kind=RoomStep.Kind.INVITE, code="not_linked"
        )
        linked = SlackUser.objects.of(workspace_id).filter(team=room.team_id).values("user_id")
        for argument in (
            skipped.annotate(user_id=Cast("argument", BigIntegerField()))
            .filter(user_id__in=linked)
            .values_list("argument", flat=True)
        ):
            reinvite(workspace_id, room, int(argument))
        nudge_queue(SLACK)


def responders(incident: Incident) -> list[User]:
    """Role holders, who acknowledged, and who is on call now; for a private incident, invited people."""
    if incident.is_private:
        return list(people_who_see(incident.workspace_id, incident.pk))
    held = RoleAssignment.objects.of(incident.workspace_id).filter(incident=incident, ended_at=None)
    people = [one.user for one in held.select_related("user")]
    if incident.acknowledged_by is not None:
        people.append(incident.acknowledged_by)
    people += on_call_at(incident.workspace_id, schedule_of(incident), timezone.now())
    return list({user.pk: user for user in people if user.is_active}.values())
