"""Services: systemd units and containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tocsin.collector.context import Context, run_command
from tocsin.collector.items import LOGS, Item, probe

MAX_CONTAINERS = 20
MAX_LINES = "500"


@probe("services")
def services(context: Context) -> Iterator[Item]:
    """Yield services.json: failed and named units, containers without their environments."""
    units = [str(unit) for unit in context.section("services").get("units", [])][:50]
    document: dict[str, Any] = {"failed_units": failed_units(), "units": {}, "containers": []}
    for unit in units:
        output = run_command(
            ["systemctl", "show", unit, "-p", "ActiveState,SubState,ExecMainStatus,NRestarts"], 3.0
        )
        document["units"][unit] = output.text.decode("utf-8", "replace").splitlines() if output else None
    engine = container_engine()
    if engine:
        shown = "{{.Names}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}"
        output = run_command([engine, "ps", "-a", "--format", shown], 5.0)
        rows = output.text.decode("utf-8", "replace").splitlines() if output and not output.code else []
        names = ("name", "image", "status", "ports")
        document["containers"] = [dict(zip(names, row.split("\t"))) for row in rows[:100]]
    yield Item("services.json", "services", document=document)


@probe("containers", seconds=20.0, phase=LOGS)
def containers(context: Context) -> Iterator[Item]:
    """Yield the last 500 lines of each container."""
    engine = container_engine()
    output = run_command([engine, "ps", "--format", "{{.Names}}"], 5.0) if engine else None
    names = output.text.decode("utf-8", "replace").split() if output and not output.code else []
    for name in names[:MAX_CONTAINERS]:
        logs = run_command([str(engine), "logs", "--tail", MAX_LINES, name], 5.0)
        if logs:
            yield Item(f"logs/container_{name}.log", f"{engine} logs {name}", [logs.text], reason=logs.reason)


def container_engine() -> Any:
    """Return docker or podman, whichever responds."""
    for engine in ("docker", "podman"):
        output = run_command([engine, "version", "--format", "{{.Client.Version}}"], 3.0)
        if output is not None and output.code == 0:
            return engine
    return None


def failed_units() -> Any:
    """Return names of failed systemd units; None without systemd."""
    output = run_command(["systemctl", "--failed", "--no-legend", "--plain", "--no-pager"], 3.0)
    if output is None or output.code not in (0, 1) or b"not been booted" in output.text:
        return None
    return [line.split()[0] for line in output.text.decode("utf-8", "replace").splitlines() if line.split()]
