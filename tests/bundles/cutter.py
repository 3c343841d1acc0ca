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
class Trouble:
    """What happens to connections of one step: announce, put, or complete.

    `when`: before anything is delivered, in the middle of the request, or after all was done, so that only
    the answer is lost. `times` connections are broken. One that `holds` leaves them open and says nothing.
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
        self.trouble: Trouble | None = None
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
        trouble = self._taken(step)
        if trouble and trouble.when == "before":
            self._break(client, trouble)
            return
        with socket.create_connection(("127.0.0.1", port)) as server:
            self._open.append(server)
            at, _, rest = head.partition(b"\r\n\r\n")
            length = int(found[1]) if (found := _LENGTH.search(at)) else 0
            wanted = length * 99 // 100 if trouble and trouble.when == "middle" else length
            server.sendall(at + b"\r\n\r\n" + rest[:wanted])
            left = wanted - len(rest)
            while left > 0 and (data := client.recv(min(PIECE, left))):
                server.sendall(data)
                left -= len(data)
            if trouble and trouble.when == "middle":
                self._break(client, trouble)
            else:
                self._answer(client, server, trouble)

    def _answer(self, client: socket.socket, server: socket.socket, trouble: Trouble | None) -> None:
        """The whole answer, as long as the server keeps quiet for no more than it says it will send."""
        answer = b""
        while b"\r\n\r\n" not in answer and (data := server.recv(PIECE)):
            answer += data
        at, _, rest = answer.partition(b"\r\n\r\n")
        left = (int(found[1]) if (found := _LENGTH.search(at)) else 0) - len(rest)
        while left > 0 and (data := server.recv(PIECE)):
            answer += data
            left -= len(data)
        if trouble:
            self._break(client, trouble)
        else:
            client.sendall(answer)

    def _route(self, head: bytes) -> tuple[str, int]:
        line = head.partition(b"\r\n")[0].decode("latin-1")
        if line.startswith("PUT /api/v1/bundle-uploads/"):
            return "put", self.uploads
        if line.startswith("PUT "):
            return "put", self.storage
        return ("complete" if "/complete" in line else "announce"), self.api

    def _taken(self, step: str) -> Trouble | None:
        trouble = self.trouble
        if trouble is None or trouble.step != step or trouble.times <= 0:
            return None
        trouble.times -= 1
        return trouble

    def _break(self, client: socket.socket, trouble: Trouble) -> None:
        trouble.reached.set()
        if trouble.holds:
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
