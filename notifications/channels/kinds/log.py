"""Writes notifications to the server's log."""

from __future__ import annotations

import logging

from notifications.channels.kind import ChannelKind, Sent, Target, channel_kind
from notifications.deliveries.message import Message

log = logging.getLogger("tocsin.notifications")


@channel_kind
class LogChannel(ChannelKind):
    """The log."""

    name = "log"
    title = "Log"
    icon = "scroll-text"

    def send(self, target: Target, message: Message) -> Sent:
        """Log one line."""
        log.info("notification %s: %s", message.public_id, message.subject)
        return Sent(detail="written to the log")
