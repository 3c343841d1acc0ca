"""Django's SMTP backend with a limit in all: every wait of a mail, names included, ends with its time."""

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
    """The time one mail has. When it is over, its connection is shut down: whatever waits on it ends."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self._line: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def left(self) -> float:
        """Seconds that are left. Raises TimeoutError when none are."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the mail took too long in all")
        return left

    def watch(self, sock: socket.socket) -> None:
        """Shut this connection down at the end, also where it is wrapped in TLS meanwhile."""
        self._line = socket.socket(fileno=os.dup(sock.fileno()))
        self._timer = threading.Timer(self.left(), self._shut_down)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """The mail is sent, or is not."""
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
                return  # it is closed already


class TimedSMTP(smtplib.SMTP):
    """A client whose connection ends with the limit of its mail."""

    def __init__(self, *given: Any, limit: Limit | None = None, **named: Any) -> None:
        if limit is not None:  # over TLS it is set already
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
    """The same for servers that speak TLS from the beginning."""

    def __init__(self, *given: Any, limit: Limit, **named: Any) -> None:
        self._limit = limit
        super().__init__(*given, **named)


class TimedBackend(EmailBackend):
    """`timeout` is what one mail may take in all, not each of its steps."""

    _limit: Limit | None = None

    @property
    def connection_class(self) -> Any:
        """smtplib's client with the limit of the mail that is being sent."""
        kind = TimedSMTPOverTLS if self.use_ssl else TimedSMTP
        return partial(kind, limit=self._limit or Limit(self.timeout or DEFAULT_LIMIT_S))

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send them one after the other, each within its limit. Raises OSError, SMTPException."""
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
    """What a call without a limit of its own returns. Raises what it raises, and TimeoutError."""
    answer: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

    def run() -> None:
        try:
            answer.put((True, ask()))
        except (OSError, UnicodeError) as error:
            answer.put((False, error))

    threading.Thread(target=run, daemon=True, name="name look-up").start()
    try:
        is_good, found = answer.get(timeout=seconds)
    except Empty:
        raise TimeoutError("a name was not resolved in time") from None
    if not is_good:
        raise found
    return found


def know_own_name() -> None:
    """Have Django know the name of this host: before its first mail it asks reverse DNS, without a limit."""
    if "_fqdn" not in vars(DNS_NAME):
        try:
            name = within(socket.getfqdn, OWN_NAME_S)
        except OSError:
            name = socket.gethostname()
        vars(DNS_NAME)["_fqdn"] = name.encode("idna").decode() if not name.isascii() else name
