"""The life of one incident in Slack, its end result to compare, and simulated time."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.db.models import F

from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.ownership import acknowledge_incident
from incidents.lifecycle.services.resolving import close_incident, resolve_incident
from incidents.lifecycle.services.responding import change_severity
from incidents.models import Incident, TimelineEntry
from incidents.timeline.services.notes import add_note
from tests.forking import close_connections
from tests.warroom.connected import Connected
from warroom.models import Announcement, RoomMessage, RoomStep, SlackInbox, SlackTeam, SlackUser
from warroom.rooms.services.planning import request_room

DAY_S = 86_400
WORK = (RoomStep, Announcement, RoomMessage, SlackInbox)


class Life:
    """An incident from its declaration to the archive of its room; `steps` are its turns, in order."""

    def __init__(self, team: Connected) -> None:
        self.team, self.incident = team, None
        self.steps: list[tuple[str, Callable[[], Any], int]] = [
            ("declare", self._declare, 60),
            ("acknowledge", lambda: acknowledge_incident(team.actor, incident_id=self.incident.pk), 60),
            ("note", lambda: add_note(team.actor, number=self.incident.number, message="Disk is full"), 60),
            ("severity", self._severity, 60),
            ("pin", self._pin, 60),
            ("home", self._home, 60),
            ("resolve", lambda: resolve_incident(team.actor, number=self.incident.number), 60),
            ("close", self._close, 8 * DAY_S),
        ]

    def _declare(self) -> None:
        SlackUser.across_workspaces.all().delete()  # else only the first life looks people up
        self.incident = declare_incident(self.team.actor, title="Checkout returns 500", severity="sev3")
        request_room(self.team.actor, number=self.incident.number)

    def _severity(self) -> None:
        change_severity(self.team.actor, incident_id=self.incident.pk, severity="sev4")

    def _close(self) -> None:
        close_incident(self.team.actor, number=self.incident.number)

    def _pin(self) -> None:
        """Rita marks a message of Adam."""
        channel = self.team.slack.channels[self.team.room(self.incident).channel_id]
        ts = f"{time.time():.6f}"
        channel.messages[ts] = {"ts": ts, "user": self.team.adam, "text": "Queue", "reactions": ["pushpin"]}
        item = {"type": "message", "channel": channel.id, "ts": ts}
        self._event({"type": "reaction_added", "user": self.team.rita, "reaction": "pushpin", "item": item})

    def _home(self) -> None:
        self._event({"type": "app_home_opened", "user": self.team.rita, "tab": "home"})

    def _event(self, event: dict[str, Any]) -> None:
        signed = self.team.fake.event(event, f"Ev{self.incident.number}{event['type']}")
        assert self.team.send("events", signed).status_code == 200

    def result(self) -> dict[str, Any]:
        """What there is at the end, without what is of this incident only."""
        return result(self.team, self.incident)


def result(team: Connected, incident: Incident) -> dict[str, Any]:
    """What Slack and the timeline hold of an incident, its number replaced."""

    def plain(text: str) -> str:
        # A person is mentioned once their account is known, which a fault may delay, and named before.
        text = text.replace(f"<@{team.rita}>", team.actor.label).replace(f"<@{team.adam}>", "Adam Admin")
        text = text.replace(f"INC-{incident.number}", "INC-N").replace(f"inc-{incident.number}-", "inc-n-")
        return re.sub(r"Resolved in [^,]+,", "Resolved in a while,", text)

    ours = [one for one in team.slack.channels.values() if one.name.startswith(f"inc-{incident.number}-")]
    rooms = []
    for one in ours:
        posted = {ts: plain(sent["text"]) for ts, sent in one.messages.items() if "bot_id" in sent}
        rooms.append(
            {
                "name": plain(one.name), "topic": plain(one.topic), "purpose": plain(one.purpose),
                "messages": sorted(posted.values()), "pins": [posted.get(ts) for ts in one.pins],
                "bookmarks": [plain(made["title"]) for made in one.bookmarks],
                "members": sorted(one.members), "archived": one.is_archived,
            }
        )  # fmt: skip
    said = [one["text"] for one in team.announce.messages.values()]
    entries = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident)
    return {
        "rooms": rooms,
        "announcements": [plain(text) for text in said if f"INC-{incident.number} " in text],
        "timeline": [(one.kind, plain(one.message)) for one in entries.order_by("id")],
    }


def killed_worker(team: Connected, method: str, *, later: int) -> bool:
    """Work in a forked process that is killed once Slack has acted on `method`. Returns whether it was."""
    team.fake.kill(method)
    close_connections()
    pid = os.fork()
    if pid == 0:
        try:
            team.settle(later=later)
        finally:
            os._exit(0)
    team.fake.victim = SimpleNamespace(kill=lambda: os.kill(pid, signal.SIGKILL))
    _, status = os.waitpid(pid, 0)
    for model in WORK:
        model.across_workspaces.update(lease_until=None)
    return os.WIFSIGNALED(status)


def pass_time(team: Connected, seconds: float) -> None:
    """Bring what waits, leases and pauses nearer by so many seconds."""
    shift = timedelta(seconds=seconds)
    for model in WORK:
        moved = {name: F(name) - shift for name in ("due_at", "lease_until", "settled_at")}
        model.across_workspaces.update(**moved)
    for one in SlackTeam.across_workspaces.exclude(paused={}):
        one.paused = {name: until - seconds for name, until in one.paused.items()}
        one.save(update_fields=["paused"])
    team.team.refresh_from_db()
