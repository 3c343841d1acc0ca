"""Models of the Slack war room, from its sub-domains."""

from __future__ import annotations

from warroom.connection.models import SlackTeam, SlackUser
from warroom.inbound.models import SlackInbox, SlackPin
from warroom.rooms.models import Announcement, Room, RoomMessage, RoomStep

__all__ = [
    "Announcement", "Room", "RoomMessage", "RoomStep", "SlackInbox", "SlackPin", "SlackTeam", "SlackUser",
]  # fmt: skip
