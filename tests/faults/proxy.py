"""A TCP proxy between our processes and a server: real sockets, and every kind of connection fault."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PIECE = 1 << 16
_RESET = struct.pack("ii", 1, 0)  # closing then sends RST instead of FIN


@dataclass(eq=False)
class Wire:
    """One connection through the proxy. `mark` is set once the client sent what the proxy waits for."""

    client: socket.socket
    server: socket.socket
    mark: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self, *, reset: bool = False) -> None:
        """End both sides, politely or with a reset."""
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                if reset:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                # Wakes the thread that reads from it, without which closing would not reach the wire.
                side.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            side.close()


class Proxy:
    """Listens on a port of its own and passes everything to `target` until set otherwise."""

    def __init__(self, target: int, port: int = 0) -> None:
        self.target = target
        self.wires: set[Wire] = set()
        self.delay_s = 0.0
        self.swallows = False
        self.cut_responses = 0
        self._awaited: bytes | None = None
        self._deliver = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener: socket.socket | None = None
        self.port = port
        self.listen()

    def listen(self) -> None:
        """Accept connections (again)."""
        listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def refuse(self) -> None:
        """No one listens here any more, and what was connected is cut."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Else the accepting thread keeps the port open until the next connection.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self) -> None:
        """Close every connection in order (FIN)."""
        for wire in list(self.wires):
            wire.close()

    def reset(self) -> None:
        """Break every connection (RST)."""
        for wire in list(self.wires):
            wire.close(reset=True)

    def half_close(self) -> None:
        """The server sends no more; what clients send still arrives."""
        for wire in list(self.wires):
            with contextlib.suppress(OSError):
                wire.client.shutdown(socket.SHUT_WR)

    def swallow(self) -> None:
        """A black hole: connections are made and stay, nothing arrives on either side."""
        self.swallows = True
        self._flowing.clear()

    def slow(self, seconds: float) -> None:
        """Every piece arrives that much later, in both directions."""
        self.delay_s = seconds

    def cut_response_to(self, words: bytes, *, deliver: int) -> None:
        """Break the next connection whose client sends `words`, `deliver` bytes into the response."""
        self._awaited, self._deliver = words, deliver

    def heal(self) -> None:
        """As if nothing had been. What a black hole swallowed is lost, so its connections are broken."""
        was_hole, self.swallows, self.delay_s, self._awaited = self.swallows, False, 0.0, None
        self._flowing.set()
        if was_hole:
            self.reset()
        if self._listener is None:
            self.listen()

    def close(self) -> None:
        """The end."""
        self._flowing.set()
        self.refuse()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._flowing.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=10)
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            client.close()
            return
        server.settimeout(None)
        for side in (client, server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire(client, server)
        self.wires.add(wire)
        flows: list[Callable[[], None]] = [lambda: self._ask(wire), lambda: self._respond(wire)]
        for flow in flows:
            threading.Thread(target=flow, daemon=True).start()

    def _ask(self, wire: Wire) -> None:
        for piece in self._pieces(wire, wire.client):
            if self._awaited is not None and self._awaited in piece:
                self._awaited, wire.mark = None, True
            if not _sent(wire.server, piece):
                return

    def _respond(self, wire: Wire) -> None:
        for piece in self._pieces(wire, wire.server):
            if wire.mark:
                _sent(wire.client, piece[: self._deliver])
                self.cut_responses += 1
                wire.close(reset=True)
                return
            if not _sent(wire.client, piece):
                return

    def _pieces(self, wire: Wire, side: socket.socket) -> Iterator[bytes]:
        try:
            while piece := side.recv(PIECE):
                if self.delay_s:
                    time.sleep(self.delay_s)
                self._flowing.wait()
                yield piece
        except OSError:
            pass
        finally:
            self.wires.discard(wire)
            wire.close()


def _sent(side: socket.socket, piece: bytes) -> bool:
    try:
        side.sendall(piece)
    except OSError:
        return False
    return True
