"""Two complete installations as two hosts: own programs, one shared PostgreSQL and one shared Valkey."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from core.embedded import process
from core.embedded.database import ensure_database
from core.embedded.postgres import Postgres
from core.embedded.valkey import Valkey
from tests import servers
from tests.faults.crowd import LIVE
from tests.faults.running import Running


class Host(Running):
    """One of several. `shared` holds the data of the servers, `given` the settings all hosts have."""

    def __init__(self, shared: Path, name: str, given: dict[str, str]) -> None:
        super().__init__(shared / name)
        self.folder.mkdir(mode=0o711)
        self.shared, self.given = shared, given

    def servers(self) -> dict[str, str]:
        return self.given

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.shared / "postgres", process.server_account())

    def die(self) -> None:
        """SIGKILL to every process of the host, the supervisor first, as a lost machine ends."""
        assert self.up is not None
        self.up.kill()
        for one in self.leftovers():
            one.kill()
        self.up.wait(timeout=60)

    def listen(self, cookie: str) -> socket.socket:
        """A live stream over a session."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        made.sendall(f"{LIVE}Cookie: {cookie}\r\n\r\n".encode())
        assert made.recv(4096).startswith(b"HTTP/1.1 200")
        return made


@contextmanager
def two_hosts(**settings: str) -> Iterator[tuple[Host, Host]]:
    """Both started at the same time on a migrated database, gone afterwards with their servers."""
    shared = Path(tempfile.mkdtemp(prefix="tocsin-faults-", dir=os.environ[servers.FOLDER]))
    shared.chmod(0o711)
    servers.copy_server(servers.migrated_folder(), shared / "postgres")
    account = process.server_account()
    postgres, valkey = Postgres(shared / "postgres", account), Valkey(shared / "valkey", account)
    hosts: list[Host] = []
    try:
        given = {
            "TOCSIN_ENV": "local",
            "TOCSIN_OPEN_LOOPBACK": "1",
            "BASE_URL": f"http://localhost:{process.free_port()}",  # as of a load balancer before both
            "SECRET_KEY": "the same on every host, as production asks for, 50 characters",
            "DATABASE_URL": ensure_database(postgres.start()),
            "REDIS_URL": valkey.start(),
            **settings,
        }
        hosts += [Host(shared, name, given) for name in ("one", "other")]
        with ThreadPoolExecutor(len(hosts)) as starting:
            list(starting.map(Host.start, hosts))
        yield hosts[0], hosts[1]
    finally:
        for host in hosts:
            _end(host)
        postgres.stop()
        valkey.stop()
        shutil.rmtree(shared, ignore_errors=True)


def _end(host: Host) -> None:
    if host.up is not None:
        print(host.log())  # shown with a failure
        if host.up.poll() is None:
            host.stop()
    for left in host.leftovers():
        left.kill()
