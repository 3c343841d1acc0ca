"""A mail ends within its time limit, however slow the mail server or the resolver."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from django.core.mail import EmailMessage
from django.core.mail.utils import DNS_NAME

from core.mail import backend
from core.mail.backend import TimedBackend, know_own_name

LIMIT_S = 0.5
# Far more than the limit, far less than a mail would take without one.
PATIENCE_S = 30.0
GREETING = b"220 here\r\n"


@contextmanager
def server(*lines: bytes) -> Iterator[int]:
    """The port of a mail server that sends these lines, one for each it gets, then single bytes for ever."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE_S)
    stop = threading.Event()

    def serve() -> None:
        with suppress(OSError), listener.accept()[0] as sock:
            sock.settimeout(PATIENCE_S)
            for line in lines:
                sock.sendall(line)
                sock.recv(4096)
            while not stop.wait(0.02):
                sock.sendall(b"2")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        thread.join()
        listener.close()


def send(port: int, **more: object) -> None:
    mail = EmailMessage(
        "Subject", "Text", "a@example.com", ["b@example.com"],
        headers={"Message-ID": "<1@example.com>"},
        connection=TimedBackend(host="127.0.0.1", port=port, timeout=LIMIT_S, **more),
    )  # fmt: skip
    mail.send()


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        ((), {}),
        ((GREETING,), {}),
        ((GREETING, b"250 hello\r\n", b"250 from\r\n", b"250 to\r\n"), {}),
        ((GREETING, b"250-hello\r\n250 STARTTLS\r\n", b"220 go\r\n"), {"use_tls": True}),
        ((), {"use_ssl": True}),
    ],
    ids=("greeting", "ehlo", "data", "starttls", "tls"),
)
def test_dripping_server_ends_with_the_limit_of_the_mail(lines, more):
    began = time.monotonic()
    with server(*lines) as port, pytest.raises((OSError, backend.smtplib.SMTPException)):
        send(port, **more)
    assert time.monotonic() - began < PATIENCE_S


def test_unresponsive_resolver_ends_with_the_limit(monkeypatch):
    released = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        released.wait(PATIENCE_S)
        return []

    monkeypatch.setattr(backend.socket, "getaddrinfo", hang)
    try:
        with pytest.raises(TimeoutError):
            send(25)
    finally:
        released.set()


def test_own_name_is_looked_up_once_with_a_limit(monkeypatch):
    released = threading.Event()
    monkeypatch.delitem(vars(DNS_NAME), "_fqdn", raising=False)
    monkeypatch.setattr(backend, "OWN_NAME_S", 0.05)
    monkeypatch.setattr(backend.socket, "getfqdn", lambda: str(released.wait(PATIENCE_S)))
    try:
        know_own_name()
        assert str(DNS_NAME) == socket.gethostname()
    finally:
        released.set()
        vars(DNS_NAME).pop("_fqdn")
