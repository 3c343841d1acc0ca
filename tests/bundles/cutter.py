"""A proxy before API, upload endpoint and storage that breaks connections at a chosen step."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PIECE = 1 << 16
_RESET = struct.pack("ii", 1, 0)  # closing then sends RST instead of FIN
_LENGTH = re.compile(rb"content-length: *(\d+)", re.I)


@dataclass
class Cut:
    """What happens to connections of one step: announce, put, or complete.

    `when`: before anything is delivered, in the middle of the request, or after all was done, so that only
    the response is lost. `times` connections are broken. One that `holds` leaves them open and sends nothing.
    """

    step: str
    when: str
    times: int = 1
    holds: bool = False
    reached: threading.Event = field(default_factory=threading.Event)


class Cutter:
    """Listens on one port; `PUT`s of bundles go to `uploads` or the storage, the rest to the API."""

    def __init__(self, api: int, uploads: int, storage: int) -> None:
        self.api, self.uploads, self.storage = api, uploads, storage
        self.cut: Cut | None = None
        self.seen: list[str] = []
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Close every socket and wait for the threads."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._exchange(client)
        client.close()

    def _exchange(self, client: socket.socket) -> None:
        head = client.recv(PIECE)
        while head and b"\r\n\r\n" not in head:
            head += client.recv(PIECE)
        if not head:
            return
        step, port = self._route(head)
        self.seen.append(step)
        cut = self._taken(step)
        if cut and cut.when == "before":
            self._break(client, cut)
            return
        with socket.create_connection(("127.0.0.1", port)) as server:
            self._open.append(server)
            at, _, rest = head.partition(b"\r\n\r\n")
            length = int(found[1]) if (found := _LENGTH.search(at)) else 0
            wanted = length * 99 // 100 if cut and cut.when == "middle" else length
            server.sendall(at + b"\r\n\r\n" + rest[:wanted])
            left = wanted - len(rest)
            while left > 0 and (data := client.recv(min(PIECE, left))):
                server.sendall(data)
                left -= len(data)
            if cut and cut.when == "middle":
                self._break(client, cut)
            else:
                self._respond(client, server, cut)

    def _respond(self, client: socket.socket, server: socket.socket, cut: Cut | None) -> None:
        """The whole response, up to its Content-Length."""
        response = b""
        while b"\r\n\r\n" not in response and (data := server.recv(PIECE)):
            response += data
        at, _, rest = response.partition(b"\r\n\r\n")
        left = (int(found[1]) if (found := _LENGTH.search(at)) else 0) - len(rest)
        while left > 0 and (data := server.recv(PIECE)):
            response += data
            left -= len(data)
        if cut:
            self._break(client, cut)
        else:
            client.sendall(response)

    def _route(self, head: bytes) -> tuple[str, int]:
        line = head.partition(b"\r\n")[0].decode("latin-1")
        if line.startswith("PUT /api/v1/bundle-uploads/"):
            return "put", self.uploads
        if line.startswith("PUT "):
            return "put", self.storage
        return ("complete" if "/complete" in line else "announce"), self.api

    def _taken(self, step: str) -> Cut | None:
        cut = self.cut
        if cut is None or cut.step != step or cut.times <= 0:
            return None
        cut.times -= 1
        return cut

    def _break(self, client: socket.socket, cut: Cut) -> None:
        cut.reached.set()
        if cut.holds:
            with contextlib.suppress(OSError):
                while client.recv(PIECE):  # until the client is gone
                    pass
            return
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        client.close()


@contextlib.contextmanager
def cutting(api: int, uploads: int, storage: int) -> Iterator[Cutter]:
    """A Cutter until the block ends."""
    cutter = Cutter(api, uploads, storage)
    try:
        yield cutter
    finally:
        cutter.close()
