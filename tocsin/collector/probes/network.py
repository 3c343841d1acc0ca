"""Interfaces, routes, listening ports, resolver."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tocsin.collector.context import Context, run_command
from tocsin.collector.items import Item, probe
from tocsin.collector.probes.system import read

STATES = {"01": "ESTABLISHED", "06": "TIME_WAIT", "08": "CLOSE_WAIT", "0A": "LISTEN", "02": "SYN_SENT"}


@probe("network")
def network(context: Context) -> Iterator[Item]:
    """Yield network.json."""
    names = list(context.section("network").get("names", []))[:20]
    yield Item("network.json", "network", document={
        "interfaces": _command(["ip", "-brief", "address"]) or _command(["ifconfig", "-a"]),
        "routes": _command(["ip", "route"]) or _command(["netstat", "-rn"]),
        "connections": _connections(),
        "resolver": read("/etc/resolv.conf").splitlines()[:20],
        "names": [resolve(name) for name in names],
    })  # fmt: skip


def resolve(name: str) -> dict[str, Any]:
    """Measure how long it takes to resolve a name."""
    began = time.monotonic()
    try:
        found = sorted({str(entry[4][0]) for entry in socket.getaddrinfo(name, None)})
        return {"name": name, "ok": True, "addresses": found, "ms": round((time.monotonic() - began) * 1000)}
    except OSError as error:
        return {
            "name": name,
            "ok": False,
            "error": str(error),
            "ms": round((time.monotonic() - began) * 1000),
        }


def _command(argv: list[str]) -> list[str]:
    output = run_command(argv, 3.0)
    return [] if output is None or output.code else output.text.decode("utf-8", "replace").splitlines()[:200]


def _connections() -> dict[str, Any]:
    rows = [line.split() for name in ("tcp", "tcp6") for line in read(f"/proc/net/{name}").splitlines()[1:]]
    ports = sorted({int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == "0A"})
    states = Counter(STATES.get(row[3], row[3]) for row in rows if len(row) > 3)
    return {"listening_ports": ports, "states": dict(states)}
