"""Plans rooms, their steps and announcements; workers of the queue `slack` carry them out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import User
from accounts.oncall.selectors import default_on_call
from accounts.permissions import Capability, require
from core.errors import Conflict
from core.queue.items import resend
from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from incidents.models import Incident, RoleAssignment
from incidents.privacy.selectors import people_who_see
from incidents.selectors import incident_for
from postmortems.documents.models import Postmortem
from warroom.connection.models import SlackTeam
from warroom.queues import SLACK
from warroom.rooms.models import Announcement, Room, RoomStep

BY_RULE: Final = "Tocsin"
POSTMORTEM: Final = "postmortem"
MAX_TEAMS: Final = 20
MAX_ROOMS_BY_RULE: Final = 10
STORM_WINDOW: Final = timedelta(minutes=10)
STORM_NOTE: Final = "Many incidents at once: no room was opened by itself. Open one on the incident page."
CARD_EVERY: Final = timedelta(seconds=3)
TOPIC_EVERY: Final = timedelta(seconds=30)
FIRST_STEPS: Final = (
    RoomStep.Kind.CREATE, RoomStep.Kind.TOPIC, RoomStep.Kind.BOOKMARK, RoomStep.Kind.CARD, RoomStep.Kind.PIN,
)  # fmt: skip


def request_room(actor: Actor, *, number: int | str) -> Room:
    """Open a room for an incident, or return the one it has. Raises Conflict, NotFound, Forbidden."""
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, number)
    team = connected_team(actor.workspace_id)
    if team is None:
        raise Conflict("Slack is not connected. Connect it in Settings, Slack. Nothing was changed.")
    with transaction.atomic():
        room, is_new = _room(team, incident, actor.label)
        if is_new:
            summary = f"{actor.label} opened a war room for {incident.reference}"
            record(actor, action="slack.room", target=room, summary=summary)
    return room


def repair_room(actor: Actor, *, number: int | str) -> int:
    """Try every failed step of a room and its announcement again. Returns how many. Raises as above."""
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, number)
    with transaction.atomic():
        steps = RoomStep.objects.of(actor.workspace_id).filter(room__incident=incident)
        steps.filter(state=WorkItem.State.DONE).exclude(code="").update(state=WorkItem.State.DEAD)
        again = resend(steps)
        again += resend(Announcement.objects.of(actor.workspace_id).filter(incident=incident))
        rooms = Room.objects.of(actor.workspace_id).filter(incident=incident)
        rooms.filter(state__in=[Room.State.NEEDS_HELP, Room.State.LOST]).update(state=Room.State.OPENING)
        nudge_queue(SLACK)
    return again


def open_by_rule(workspace_id: int, team: SlackTeam, incident: Incident) -> bool:
    """Open the room of a severe incident, unless a storm has opened many already. Returns whether."""
    now = timezone.now()
    recent = Room.objects.of(workspace_id).filter(requested_by=BY_RULE, created_at__gt=now - STORM_WINDOW)
    has_one = Room.objects.of(workspace_id).filter(incident=incident).exists()
    if not has_one and recent.count() >= MAX_ROOMS_BY_RULE:
        return False
    with transaction.atomic():
        _room(team, incident, BY_RULE)
    return True


def plan_invites(workspace_id: int, room: Room, users: Iterable[User]) -> None:
    """One invite step for each person who has none yet."""
    planned = [
        RoomStep(
            workspace_id=workspace_id, room=room, kind=RoomStep.Kind.INVITE, argument=str(user.pk),
            label=user.label,
        )
        for user in users
    ]  # fmt: skip
    RoomStep.objects.bulk_create(planned, ignore_conflicts=True)


def want_card(workspace_id: int, room: Room, version: int) -> None:
    """Have card and topic show the incident at `version` or newer; at most every few seconds."""
    wanted = Greatest(F("wanted_version"), version)
    Room.objects.of(workspace_id).filter(pk=room.pk).update(wanted_version=wanted)
    for kind, every in ((RoomStep.Kind.CARD, CARD_EVERY), (RoomStep.Kind.TOPIC, TOPIC_EVERY)):
        settled = RoomStep.objects.of(workspace_id).filter(room=room, kind=kind, state=WorkItem.State.DONE)
        _again(settled, every)


def want_announcement(workspace_id: int, team: SlackTeam, incident: Incident, *, note: str = "") -> None:
    """Announce an incident, or have its announcement show it as it is now."""
    if not team.announce_channel or incident.is_drill or incident.is_private:
        return
    values = {
        "workspace_id": workspace_id, "team": team, "channel_id": team.announce_channel, "note": note,
        "last_entry_id": _newest_entry(incident),
    }  # fmt: skip
    rows = Announcement.objects.of(workspace_id)
    made, is_new = rows.get_or_create(incident=incident, team=team, defaults=values)
    if is_new:
        return
    own = Announcement.objects.of(workspace_id).filter(pk=made.pk)
    own.update(wanted_version=Greatest(F("wanted_version"), incident.version))
    _again(own.filter(state=WorkItem.State.DONE), CARD_EVERY)


def plan_archive(workspace_id: int, room: Room, at: datetime) -> None:
    """Archive the room at that moment, unless it is taken back."""
    values = {"workspace_id": workspace_id, "due_at": at}
    RoomStep.objects.of(workspace_id).get_or_create(room=room, kind=RoomStep.Kind.ARCHIVE, defaults=values)


def cancel_archive(workspace_id: int, room: Room) -> None:
    """The incident is open again: keep its room, or plan a new one where it was archived already."""
    steps = RoomStep.objects.of(workspace_id).filter(room=room)
    steps.filter(kind=RoomStep.Kind.ARCHIVE).delete()
    if room.state != Room.State.ARCHIVED:
        return
    again = {"channel_id": "", "card_ts": "", "topic": "", "state": Room.State.OPENING, "archived_at": None}
    Room.objects.of(workspace_id).filter(pk=room.pk).update(**again)
    fresh = {"attempts": 0, "due_at": Now(), "settled_at": None, "tried_at": None, "code": "", "hint": ""}
    steps.update(state=WorkItem.State.PENDING, **fresh)


def connected_team(workspace_id: int) -> SlackTeam | None:
    """The team in which rooms of a workspace are opened, once its token was accepted."""
    return next(iter(connected_teams(workspace_id)), None)


def connected_teams(workspace_id: int) -> list[SlackTeam]:
    """The teams of a workspace whose token was accepted, the default one first."""
    rows = SlackTeam.objects.of(workspace_id).exclude(slack_id="").order_by("-is_default", "id")
    return list(rows[:MAX_TEAMS])


def _again(settled: QuerySet[Any], every: timedelta) -> None:
    due = Greatest(Now(), F("settled_at") + every)
    fresh = {"attempts": 0, "due_at": due, "settled_at": None, "code": "", "hint": ""}
    settled.update(state=WorkItem.State.PENDING, **fresh)


def _room(team: SlackTeam, incident: Incident, by: str) -> tuple[Room, bool]:
    values = {
        "workspace_id": incident.workspace_id,
        "team": team,
        "requested_by": by[:150],
        "wanted_version": incident.version,
        "last_entry_id": _newest_entry(incident),
        "is_private": incident.is_drill or incident.is_private,
    }
    room, is_new = Room.objects.of(incident.workspace_id).get_or_create(incident=incident, defaults=values)
    if is_new:
        steps = [RoomStep(workspace_id=room.workspace_id, room=room, kind=kind) for kind in FIRST_STEPS]
        if Postmortem.objects.of(room.workspace_id).filter(incident=incident).exists():
            steps.append(postmortem_bookmark(room.workspace_id, room))
        RoomStep.objects.bulk_create(steps, ignore_conflicts=True)
        plan_invites(room.workspace_id, room, responders(incident))
    nudge_queue(SLACK)
    return room, is_new


def postmortem_bookmark(workspace_id: int, room: Room) -> RoomStep:
    """The step that bookmarks the postmortem, not saved."""
    return RoomStep(
        workspace_id=workspace_id, room=room, kind=RoomStep.Kind.BOOKMARK, argument=POSTMORTEM,
        label="of the postmortem",
    )  # fmt: skip


def _newest_entry(incident: Incident) -> int:
    return incident.timeline.order_by("-id").values_list("pk", flat=True).first() or 0


def responders(incident: Incident) -> list[User]:
    """Who holds a role, who acknowledged, and who is on call now; of a private incident who is invited."""
    if incident.is_private:
        return list(people_who_see(incident.workspace_id, incident.pk))
    held = RoleAssignment.objects.of(incident.workspace_id).filter(incident=incident, ended_at=None)
    people = [one.user for one in held.select_related("user")]
    if incident.acknowledged_by is not None:
        people.append(incident.acknowledged_by)
    people += default_on_call(incident.workspace_id, timezone.now())
    return list({user.pk: user for user in people if user.is_active}.values())
