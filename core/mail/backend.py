"""Django's SMTP backend with a time limit for a whole message, DNS lookups included."""

from __future__ import annotations

import os
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.utils import DNS_NAME

DEFAULT_LIMIT_S: Final = 15.0
OWN_NAME_S: Final = 2.0


class Limit:
    """Time limit of one message.

    When it is over, the connection is shut down, which ends every wait on it.
    """

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self._line: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def left(self) -> float:
        """Return the seconds left. Raises TimeoutError when there are none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the mail took too long in all")
        return left

    def watch(self, sock: socket.socket) -> None:
        """Shut this connection down when the time is over, also if it is wrapped in TLS by then."""
        self._line = socket.socket(fileno=os.dup(sock.fileno()))
        self._timer = threading.Timer(self.left(), self._shut_down)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """End the watch: the message was sent or failed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._line is not None:
            self._line.close()

    def _shut_down(self) -> None:
        if self._line is not None:
            try:
                self._line.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # already closed


class TimedSMTP(smtplib.SMTP):
    """SMTP client whose connection ends with the time limit of its message."""

    def __init__(self, *given: Any, limit: Limit | None = None, **named: Any) -> None:
        if limit is not None:  # over TLS it is already set
            self._limit = limit
        super().__init__(*given, **named)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        found = within(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), self._limit.left())
        failure: OSError = OSError(f"{host} has no address")
        for address in dict.fromkeys(info[4][:2] for info in found):
            try:
                sock = socket.create_connection(address, min(timeout, self._limit.left()))
            except OSError as error:
                failure = error
            else:
                self._limit.watch(sock)
                return sock
        raise failure


class TimedSMTPOverTLS(smtplib.SMTP_SSL, TimedSMTP):
    """The same for servers with implicit TLS."""

    def __init__(self, *given: Any, limit: Limit, **named: Any) -> None:
        self._limit = limit
        super().__init__(*given, **named)


class TimedBackend(EmailBackend):
    """SMTP backend whose `timeout` limits a whole message, not each step."""

    _limit: Limit | None = None

    @property
    def connection_class(self) -> Any:
        """Return smtplib's client with the limit of the current message."""
        kind = TimedSMTPOverTLS if self.use_ssl else TimedSMTP
        return partial(kind, limit=self._limit or Limit(self.timeout or DEFAULT_LIMIT_S))

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send the messages one after the other, each within its limit. Raises OSError, SMTPException."""
        know_own_name()
        return sum(self._send_one(message) for message in email_messages)

    def _send_one(self, message: EmailMessage) -> int:
        self._limit = Limit(self.timeout or DEFAULT_LIMIT_S)
        try:
            return super().send_messages([message]) or 0
        finally:
            self._limit.end()
            self._limit = None


def within(ask: Callable[[], Any], seconds: float) -> Any:
    """Return what a call without a timeout of its own returns. Raises what it raises, and TimeoutError."""
    result: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

    def run() -> None:
        try:
            result.put((True, ask()))
        except (OSError, UnicodeError) as error:
            result.put((False, error))

    threading.Thread(target=run, daemon=True, name="name look-up").start()
    try:
        is_good, found = result.get(timeout=seconds)
    except Empty:
        raise TimeoutError("a name was not resolved in time") from None
    if not is_good:
        raise found
    return found


def know_own_name() -> None:
    """Preset this host's name: Django would look it up before the first message, without a timeout."""
    if "_fqdn" not in vars(DNS_NAME):
        try:
            name = within(socket.getfqdn, OWN_NAME_S)
        except OSError:
            name = socket.gethostname()
        vars(DNS_NAME)["_fqdn"] = name.encode("idna").decode() if not name.isascii() else name
