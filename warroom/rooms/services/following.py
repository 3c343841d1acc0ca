"""Plans Slack work for events of incidents. Only writes rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.queue.runner import nudge_queue
from incidents.models import Incident
from incidents.privacy.selectors import people_who_see
from incidents.selectors import incident_by_id
from incidents.vocabulary import Severity
from warroom.connection.models import SlackTeam
from warroom.queues import SLACK
from warroom.rooms.models import Room
from warroom.rooms.services.inviting import plan_invites, reinvite, remove_hidden
from warroom.rooms.services.messages import main_announcement, plan_messages, plan_thread
from warroom.rooms.services.planning import (
    TOO_MANY_ROOMS_NOTE,
    cancel_archive,
    connected_teams,
    make_private,
    open_by_rule,
    plan_archive,
    request_announcement,
    request_card_update,
)

OPENS_ROOM: Final = (Severity.SEV1, Severity.SEV2)
MAY_OPEN: Final = ("incident.opened", "incident.severity_changed", "incident.reopened")


def follow_incident(workspace_id: int, topic: str, payload: Mapping[str, Any]) -> None:
    """Plan the room, its card, invitations, messages and the announcement. Idempotent."""
    teams = connected_teams(workspace_id)
    if not teams:
        return
    incident = incident_by_id(workspace_id, payload["incident_id"])
    note = _open(teams[0], incident, topic)
    with transaction.atomic():
        for team in teams:
            request_announcement(workspace_id, team, incident, note=note)
        rooms = Room.objects.of(workspace_id).filter(incident=incident)
        room: Room | None = rooms.select_related("team").first()
        if room is not None:
            _follow_in_room(workspace_id, room, room.team, incident, topic, payload)
        else:
            _follow_in_thread(workspace_id, incident)
        nudge_queue(SLACK)


def follow_entries(workspace_id: int, incident_id: int) -> None:
    """Plan the messages of new entries in the room or thread of an incident. Idempotent."""
    with transaction.atomic():
        room: Room | None = Room.objects.of(workspace_id).filter(incident_id=incident_id).first()
        if room is not None:
            plan_messages(workspace_id, room)
        else:
            _follow_in_thread(workspace_id, incident_by_id(workspace_id, incident_id))
        nudge_queue(SLACK)


def _follow_in_thread(workspace_id: int, incident: Incident) -> None:
    found = main_announcement(workspace_id, incident.pk)
    if found is not None and not incident.is_private:
        plan_thread(workspace_id, found)


def _open(team: SlackTeam, incident: Incident, topic: str) -> str:
    """Open a room if the severity requires one. Returns why none was opened, or ""."""
    wants = topic in MAY_OPEN and team.opens_rooms and incident.severity in OPENS_ROOM
    if not wants or not incident.is_unresolved:
        return ""
    return "" if open_by_rule(incident.workspace_id, team, incident) else TOO_MANY_ROOMS_NOTE


def _follow_in_room(
    workspace_id: int, room: Room, team: SlackTeam, incident: Incident, topic: str, payload: Mapping[str, Any]
) -> None:
    if topic == "incident.closed":
        plan_archive(workspace_id, room, timezone.now() + timedelta(days=team.archive_days))
    elif topic == "incident.reopened":
        cancel_archive(workspace_id, room)
    user_id = payload.get("user_id") if topic in ("incident.role_assigned", "incident.acknowledged") else None
    if user_id:
        reinvite(workspace_id, room, user_id)
        plan_invites(workspace_id, room, User.objects.filter(pk=user_id, is_active=True))
    if incident.is_private and not room.is_private:
        make_private(workspace_id, room)
    if incident.is_private:
        plan_invites(workspace_id, room, people_who_see(workspace_id, incident.pk))
        remove_hidden(workspace_id, room)
    request_card_update(workspace_id, room, incident.version)
    plan_messages(workspace_id, room)
