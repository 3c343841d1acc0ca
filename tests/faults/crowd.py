"""Hundreds of open pages of one person: some listen, some never read, and some never finish their request."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import requests

from tests.faults.running import Running

LINK: Final = re.compile(r"http://localhost:\d+(/sign-in/once/\S+)")
FIELD: Final = re.compile(r'name="csrfmiddlewaretoken"\s+value="([^"]+)"')
LIVE: Final = "GET /live?topics=incidents HTTP/1.1\r\nHost: localhost\r\n"
HALF: Final = b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n[{"


def sign_in(tocsin: Running, printed_by: Running | None = None) -> str:
    """Spend the link that was printed last, there or by another host. Returns a Cookie header."""
    host = printed_by or tocsin
    assert host.until(lambda: LINK.search(host.log()), 60), "the welcome follows readiness at once"
    link = f"{tocsin.url}{LINK.findall(host.log())[-1]}"
    with requests.Session() as person:
        page = person.get(link, timeout=20)
        form = {"csrfmiddlewaretoken": FIELD.findall(page.text)[0]}
        person.post(link, form, headers={"Referer": link}, timeout=20).raise_for_status()
        return "; ".join(f"{one.name}={one.value}" for one in person.cookies)


@dataclass
class Crowd:
    """Connections: `listening` read what is sent, `still` read nothing, `halves` sent half a body."""

    listening: list[socket.socket]
    still: list[socket.socket]
    halves: list[socket.socket]

    def count_reached(self, words: bytes, seconds: float) -> int:
        """How many of the listeners received that within so long."""
        received = dict.fromkeys(self.listening, b"")
        with selectors.DefaultSelector() as waiting:
            for one in self.listening:
                waiting.register(one, selectors.EVENT_READ, data=one)
            end = time.monotonic() + seconds
            while waiting.get_map() and time.monotonic() < end:
                for one in [key.data for key, _ in waiting.select(1.0)]:
                    piece = one.recv(4096)
                    received[one] += piece
                    if not piece or words in received[one]:
                        waiting.unregister(one)
        return sum(words in text for text in received.values())


@contextlib.contextmanager
def crowd(tocsin: Running, *, listening: int, still: int, halves: int) -> Iterator[Crowd]:
    """So many of each kind, connected and with a response."""
    ask = f"{LIVE}Cookie: {sign_in(tocsin)}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:

        def connect(request: bytes, buffer: int | None = None) -> socket.socket:
            made = stack.enter_context(socket.socket())
            made.settimeout(60)
            if buffer:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            made.connect(("127.0.0.1", tocsin.port))
            made.sendall(request)
            return made

        found = Crowd(
            [connect(ask) for _ in range(listening)],
            [connect(ask, buffer=1) for _ in range(still)],
            [connect(HALF) for _ in range(halves)],
        )
        for one in found.listening:
            response = one.recv(4096)
            assert response.startswith(b"HTTP/1.1 200"), response
        yield found
