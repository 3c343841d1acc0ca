"""Incident page panel: war room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for
from warroom.rooms.models import RoomStep
from warroom.rooms.selectors import announcements_of, room_of, steps_of
from warroom.rooms.services.planning import connected_team


@panel
class WarRoom(IncidentPanel):
    """The Slack channel of an incident, its setup steps, and hints for failed ones."""

    name = "warroom.room"
    title = "War room"
    template = "warroom/panels/room.html"
    slot = "incident.side"
    order = 15

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        room = room_of(actor, incident)
        steps = list(steps_of(actor, room)) if room else []
        is_connected = room is not None or connected_team(actor.workspace_id) is not None
        announcements = announcements_of(actor, incident) if is_connected else []
        failed = [step for step in steps if step.state == RoomStep.State.DEAD or step.code]
        is_gone = room is not None and room.is_gone and incident.is_unresolved
        any_dead = bool(failed) or any(one.state == RoomStep.State.DEAD for one in announcements)
        return {
            "incident": incident,
            "room": room,
            "is_gone": is_gone,
            "steps": steps,
            "announcements": announcements,
            "needs_repair": is_gone or any_dead,
            "is_connected": is_connected,
            "may_write": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        room = context["room"]
        announced = [(one.pk, one.state, one.ts, one.hint) for one in context["announcements"]]
        steps = [
            (one.pk, one.state, one.code, one.label, one.hint, one.last_error) for one in context["steps"]
        ]
        return repr((
            context["incident"].pk, room and (room.state, room.channel_id, room.name), steps,
            announced, context["is_connected"], context["may_write"], context["is_gone"],
        ))  # fmt: skip
