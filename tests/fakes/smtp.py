"""An SMTP server on a loopback socket that stores messages and refuses on demand."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """`messages` by arrival. `reply` may return an SMTP reply for a recipient instead of accepting it."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.reply: Callable[[str], str | None] = lambda recipient: None

    async def take_recipient(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take or refuse one recipient."""
        if refused := self.reply(address):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def take_data(self, server: Any, session: Any, envelope: Any) -> str:
        """Store the message."""
        made = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append(made)
        return "250 OK"


# The names that aiosmtpd calls.
vars_of_handler = {"handle_RCPT": Mailbox.take_recipient, "handle_DATA": Mailbox.take_data}
for _name, _method in vars_of_handler.items():
    setattr(Mailbox, _name, _method)


@contextmanager
def smtp_server(mailbox: Mailbox) -> Iterator[int]:
    """The port of a server that runs until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
