"""Fake Slack, PagerDuty and mail servers on loopback sockets that record what they receive."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import orjson

ROUTING_KEY: Final = "d" * 32
_STATES: Final = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}


@dataclass
class Inbox:
    """What was received: Slack's texts, PagerDuty's states, subjects of mails; `strays`: anything else.

    `held`: requests of a webhook that gets no response before `released` is set.
    """

    slack: list[str] = field(default_factory=list)
    pagerduty: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Receivers:
    """Addresses of the fakes and their inbox."""

    http_port: int
    smtp_port: int
    inbox: Inbox

    @property
    def slack_url(self) -> str:
        """Return the URL of the fake Slack's incoming webhook."""
        return f"http://127.0.0.1:{self.http_port}/services/drill"

    @property
    def real_slack_url(self) -> str:
        """Return the webhook of a channel that is not for drills: it must receive nothing."""
        return f"http://127.0.0.1:{self.http_port}/services/real"

    @property
    def pagerduty_url(self) -> str:
        """Return the events URL of the fake PagerDuty."""
        return f"http://127.0.0.1:{self.http_port}/v2/enqueue"

    @property
    def silent_url(self) -> str:
        """Return the URL of a system that accepts a request and does not respond."""
        return f"http://127.0.0.1:{self.http_port}/silent"


@contextmanager
def running_receivers(smtp_port: int = 0) -> Iterator[Receivers]:
    """Run the fakes until the block ends."""
    inbox = Inbox()
    with ExitStack() as stack:
        web = ThreadingHTTPServer(("127.0.0.1", 0), _web_handler(inbox))
        mail = socketserver.ThreadingTCPServer(("127.0.0.1", smtp_port), _mail_handler(inbox))
        for server in (web, mail):
            server.daemon_threads = True
            stack.enter_context(_serving(server))
        stack.callback(inbox.released.set)
        yield Receivers(web.server_address[1], mail.server_address[1], inbox)


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _web_handler(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Handles POST to the URLs of `Receivers`."""

        def do_POST(self) -> None:
            """Record one message."""
            body = orjson.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            if self.path == "/silent":
                inbox.held.append(str(body.get("component")))
                inbox.released.wait()
                return
            status, reply = _taken(inbox, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: Any) -> None:
            """Suppress the access log."""

    return Handler


def _taken(inbox: Inbox, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
    if path == "/services/drill":
        inbox.slack.append(str(body.get("text", "")))
        return 200, b"ok"
    if path == "/v2/enqueue" and body.get("routing_key") == ROUTING_KEY:
        action = str(body.get("event_action"))
        inbox.pagerduty.append(_STATES.get(action, action))
        reply = {"status": "success", "message": "Event processed", "dedup_key": body.get("dedup_key")}
        return 202, orjson.dumps(reply)
    inbox.strays.append(path)
    return 404, b"no_service"


def _mail_handler(inbox: Inbox) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        """The part of SMTP that a client needs to send a mail."""

        def handle(self) -> None:
            """Greet the client and reply to its commands."""
            self._say("220 drill ESMTP")
            while line := self.rfile.readline():
                word = line[:4].upper().strip()
                if word == b"DATA":
                    self._say("354 End with .")
                    inbox.mails.append(
                        str(message_from_bytes(self._data(), policy=policy.default)["Subject"])
                    )
                self._say("221 Bye" if word == b"QUIT" else "250 OK")
                if word == b"QUIT":
                    return

        def _data(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return b"".join(lines)

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    return Handler
