"""Plans rooms, their steps and announcements; workers of the queue `slack` execute them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict
from core.queue.items import resend
from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from core.sql.compiled_queries import compiled
from incidents.models import Incident
from incidents.privacy.selectors import people_who_see
from incidents.selectors import incident_for
from incidents.vocabulary import UNRESOLVED
from postmortems.documents.models import Postmortem
from warroom.connection.models import SlackTeam
from warroom.queues import SLACK
from warroom.rooms.models import Announcement, Room, RoomStep
from warroom.rooms.services.inviting import plan_invites, responders

BY_RULE: Final = "Tocsin"
POSTMORTEM: Final = "postmortem"
MAX_TEAMS: Final = 20
MAX_ROOMS_BY_RULE: Final = 10
STORM_WINDOW: Final = timedelta(minutes=10)
TOO_MANY_ROOMS_NOTE: Final = (
    "Many incidents at once: no room was opened automatically. Open one on the incident page."
)
CARD_EVERY: Final = timedelta(seconds=3)
TOPIC_EVERY: Final = timedelta(seconds=30)
FIRST_STEPS: Final = (
    RoomStep.Kind.CREATE, RoomStep.Kind.PURPOSE, RoomStep.Kind.TOPIC, RoomStep.Kind.BOOKMARK,
    RoomStep.Kind.CARD, RoomStep.Kind.PIN,
)  # fmt: skip


def request_room(actor: Actor, *, number: int | str) -> Room:
    """Open a room for an incident, or return its existing one. Raises Conflict, NotFound, Forbidden."""
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
    """Retry failed steps of a room and its announcement; a lost channel is replaced by a new one.

    Returns how many steps will be retried. Raises Conflict, NotFound, Forbidden.
    """
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, number)
    with transaction.atomic():
        again = resend(Announcement.objects.of(actor.workspace_id).filter(incident=incident))
        rooms = Room.objects.of(actor.workspace_id).select_for_update().filter(incident=incident)
        room: Room | None = rooms.first()
        if room is not None and room.is_gone and incident.is_unresolved:
            again += renew_room(actor.workspace_id, room)
            summary = f"{actor.label} opened a new war room for {incident.reference}"
            record(actor, action="slack.room", target=room, summary=summary)
        elif room is not None:
            again += _retry_steps(actor.workspace_id, room)
        nudge_queue(SLACK)
    return again


def _retry_steps(workspace_id: int, room: Room) -> int:
    steps = RoomStep.objects.of(workspace_id).filter(room=room)
    steps.filter(state=WorkItem.State.DONE).exclude(code="").update(state=WorkItem.State.DEAD)
    return resend(steps)


def open_by_rule(workspace_id: int, team: SlackTeam, incident: Incident) -> bool:
    """Open a room for a severe incident, unless many were opened recently. Returns whether it did."""
    now = timezone.now()
    recent = Room.objects.of(workspace_id).filter(requested_by=BY_RULE, created_at__gt=now - STORM_WINDOW)
    has_one = Room.objects.of(workspace_id).filter(incident=incident).exists()
    if not has_one and recent.count() >= MAX_ROOMS_BY_RULE:
        return False
    with transaction.atomic():
        _room(team, incident, BY_RULE)
    return True


def request_card_update(workspace_id: int, room: Room, version: int) -> None:
    """Plan an update of card and topic to `version` or newer, at most every few seconds."""
    wanted = Greatest(F("wanted_version"), version)
    Room.objects.of(workspace_id).filter(pk=room.pk).update(wanted_version=wanted)
    for kind, every in ((RoomStep.Kind.CARD, CARD_EVERY), (RoomStep.Kind.TOPIC, TOPIC_EVERY)):
        settled = RoomStep.objects.of(workspace_id).filter(room=room, kind=kind, state=WorkItem.State.DONE)
        _requeue(settled, every)


def request_announcement(workspace_id: int, team: SlackTeam, incident: Incident, *, note: str = "") -> None:
    """Plan to announce an incident, or to update its announcement; a private one is withdrawn."""
    if incident.is_private:
        _refresh(Announcement.objects.of(workspace_id).filter(incident=incident, team=team), incident)
        return
    if not team.announce_channel or incident.is_drill:
        return
    values = {
        "workspace_id": workspace_id, "team": team, "channel_id": team.announce_channel, "note": note,
        "last_entry_id": _newest_entry(incident),
    }  # fmt: skip
    rows = Announcement.objects.of(workspace_id)
    made, is_new = rows.get_or_create(incident=incident, team=team, defaults=values)
    if is_new:
        return
    _refresh(rows.filter(pk=made.pk), incident)


def retry_announcements(workspace_id: int, team: SlackTeam) -> int:
    """Retry failed announcements of unresolved incidents, in the team's current channel.

    Must run in the transaction that changed the channel. Returns how many.
    """
    failed = Announcement.objects.of(workspace_id).filter(
        team=team, state=WorkItem.State.DEAD, incident__status__in=UNRESOLVED, incident__is_private=False
    )
    if not team.announce_channel:
        return 0
    failed.exclude(channel_id=team.announce_channel).update(channel_id=team.announce_channel, ts="")
    again = resend(failed)
    nudge_queue(SLACK)
    return again


def _refresh(announcements: QuerySet[Any], incident: Incident) -> None:
    announcements.update(wanted_version=Greatest(F("wanted_version"), incident.version))
    _requeue(announcements.filter(state=WorkItem.State.DONE), CARD_EVERY)


def plan_archive(workspace_id: int, room: Room, at: datetime) -> None:
    """Plan to archive the room at that time."""
    values = {"workspace_id": workspace_id, "due_at": at}
    steps = RoomStep.objects.of(workspace_id)
    steps.get_or_create(room=room, kind=RoomStep.Kind.ARCHIVE, argument="", defaults=values)


def cancel_archive(workspace_id: int, room: Room) -> None:
    """The incident was reopened: cancel archiving, or plan a new room if it was already archived."""
    steps = RoomStep.objects.of(workspace_id).filter(room=room)
    steps.filter(kind=RoomStep.Kind.ARCHIVE, argument="").delete()
    if room.state == Room.State.ARCHIVED:
        renew_room(workspace_id, room)


def renew_room(workspace_id: int, room: Room) -> int:
    """Plan a new channel with everything in it, to replace an unusable one. Returns the number of steps."""
    again = {
        "channel_id": "", "card_ts": "", "topic": "", "slack_topic": "", "state": Room.State.OPENING,
        "archived_at": None,
    }  # fmt: skip
    Room.objects.of(workspace_id).filter(pk=room.pk).update(**again)
    fresh = {"attempts": 0, "due_at": Now(), "settled_at": None, "tried_at": None, "code": "", "hint": ""}
    steps = RoomStep.objects.of(workspace_id).filter(room=room).exclude(kind=RoomStep.Kind.ARCHIVE)
    steps.filter(kind=RoomStep.Kind.REMOVE).delete()  # nobody is in the new channel
    return int(steps.update(state=WorkItem.State.PENDING, lease_until=None, **fresh))


def make_private(workspace_id: int, room: Room) -> None:
    """Continue in a private channel, with the people who may see the incident; archive the public one."""
    Room.objects.of(workspace_id).filter(pk=room.pk).update(is_private=True)
    seeing = [str(user.pk) for user in people_who_see(workspace_id, room.incident_id)]
    invited = RoomStep.objects.of(workspace_id).filter(room=room, kind=RoomStep.Kind.INVITE)
    invited.exclude(argument__in=seeing).delete()
    if room.channel_id:
        values = {"workspace_id": workspace_id, "label": f"#{room.name}"[:150]}
        RoomStep.objects.of(workspace_id).get_or_create(
            room=room, kind=RoomStep.Kind.ARCHIVE, argument=room.channel_id, defaults=values
        )
    renew_room(workspace_id, room)


def connected_team(workspace_id: int) -> SlackTeam | None:
    """The default team of a workspace, if its token was accepted."""
    return next(iter(connected_teams(workspace_id)), None)


def connected_teams(workspace_id: int) -> list[SlackTeam]:
    """Teams of a workspace with an accepted token, the default one first."""
    return _accepted_teams(workspace_id)


@compiled(int)
def _accepted_teams(workspace_id: int) -> QuerySet[SlackTeam]:
    rows = SlackTeam.objects.of(workspace_id).exclude(slack_id="")
    return rows.order_by("-is_default", "id")[:MAX_TEAMS]


def _requeue(settled: QuerySet[Any], every: timedelta) -> None:
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
    """An unsaved step that bookmarks the postmortem."""
    return RoomStep(
        workspace_id=workspace_id, room=room, kind=RoomStep.Kind.BOOKMARK, argument=POSTMORTEM,
        label="of the postmortem",
    )  # fmt: skip


def _newest_entry(incident: Incident) -> int:
    return incident.timeline.order_by("-id").values_list("pk", flat=True).first() or 0
