"""Socket Mode of the fake Slack: a WebSocket server that repeats the envelopes that are not acknowledged.

Misbehaviour on demand: `refresh` asks to reconnect, `kill` resets the connection, `silent` ignores pings.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
ACK_WITHIN_S = 3.0


class _Wire:
    """One accepted connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.lock = sock, threading.Lock()
        self.is_greeted = False

    def send(self, opcode: int, body: bytes) -> None:
        size = len(body)
        length = struct.pack("!B", size) if size < 126 else struct.pack("!BH", 126, size)
        with self.lock:
            self.sock.sendall(struct.pack("!B", 0x80 | opcode) + length + body)

    def receive(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._exactly(8))
        mask = self._exactly(4) if second & 0x80 else bytes(4)
        body = self._exactly(size)
        return first & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = self.sock.recv(size - len(found))
            if not more:
                raise ConnectionError
            found += more
        return found


class SocketServer:
    """Accepts connections with a ticket it gave out, once each. `acks`: what came back, by envelope."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.tickets: set[str] = set()
        self.wires: list[_Wire] = []
        self.waiting: dict[str, dict[str, Any]] = {}
        self.acks: dict[str, list[dict[str, Any]]] = {}
        self.opened = 0
        self.serial = 0
        self.is_silent = False
        self.threads: list[threading.Thread] = []
        self.is_closed = False
        self._spawn(self._accept)

    def ticket_url(self) -> str:
        """An address to connect to, good once."""
        self.serial += 1
        self.tickets.add(f"ticket-{self.serial}")
        return f"ws://127.0.0.1:{self.listener.getsockname()[1]}/link/?ticket=ticket-{self.serial}"

    def send(self, kind: str, payload: dict[str, Any], envelope_id: str = "") -> str:
        """Send an envelope on the newest connection; it is repeated on the next one until acknowledged."""
        self.serial += 1
        name = envelope_id or f"envelope-{self.serial}"
        self.waiting[name] = {
            "envelope_id": name, "type": kind, "payload": payload, "accepts_response_payload": True,
        }  # fmt: skip
        if self.wires:
            self._deliver(self.wires[-1], name)
        return name

    def refresh(self) -> None:
        """Ask the client to reconnect."""
        body = json.dumps({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
        self.wires[-1].send(TEXT, body.encode())

    def kill(self) -> None:
        """Reset every connection."""
        for wire in list(self.wires):
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._end(wire)

    def close(self) -> None:
        """Stop accepting and end every connection."""
        self.is_closed = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for wire in list(self.wires):
            self._end(wire)
        for thread in self.threads:
            thread.join()

    def _spawn(self, work: Callable[..., None], *given: Any) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.is_closed:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self._spawn(self._serve, _Wire(sock))

    def _serve(self, wire: _Wire) -> None:
        try:
            if not self._handshake(wire):
                wire.sock.close()
                return
            self.opened += 1
            self.wires.append(wire)
            hello = {
                "type": "hello",
                "num_connections": len(self.wires),
                "connection_info": {"app_id": "A0APP"},
            }
            wire.send(TEXT, json.dumps(hello).encode())
            for name in list(self.waiting):
                self._deliver(wire, name)
            while True:
                self._take(wire, *wire.receive())
        except (ConnectionError, OSError):
            self._end(wire)

    def _take(self, wire: _Wire, opcode: int, body: bytes) -> None:
        if opcode == PING and not self.is_silent:
            wire.send(PONG, body)
        elif opcode == CLOSE:
            raise ConnectionError
        elif opcode == TEXT:
            response = json.loads(body)
            self.waiting.pop(response["envelope_id"], None)
            self.acks.setdefault(response["envelope_id"], []).append(response.get("payload") or {})

    def _deliver(self, wire: _Wire, name: str) -> None:
        try:
            wire.send(TEXT, json.dumps(self.waiting[name]).encode())
        except (OSError, KeyError):
            return

    def _handshake(self, wire: _Wire) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            more = wire.sock.recv(4096)
            if not more:
                return False
            head += more
        lines = head.decode().split("\r\n")
        ticket = lines[0].split(" ")[1].partition("ticket=")[2]
        if ticket not in self.tickets:
            wire.sock.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return False
        self.tickets.discard(ticket)
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        accept = base64.b64encode(
            hashlib.sha1(headers["Sec-WebSocket-Key"].encode() + GUID).digest()
        )  # the RFC's
        wire.sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        return True

    def _end(self, wire: _Wire) -> None:
        if wire in self.wires:
            self.wires.remove(wire)
        with contextlib.suppress(OSError):
            wire.sock.shutdown(socket.SHUT_RDWR)
        wire.sock.close()


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something is so. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
