"""The busiest processes; their environments are never read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from tocsin.collector.context import Context, run_command
from tocsin.collector.items import Item, probe, skipped
from tocsin.collector.probes.system import read

MAX_SHOWN = 50


@probe("processes")
def processes(context: Context) -> Iterator[Item]:
    """Yield processes.json: the 50 with most memory and the 50 with most CPU time."""
    if os.path.isdir("/proc/self"):
        found = [row for name in os.listdir("/proc") if name.isdigit() and (row := _one(int(name)))]
        top = {
            r["pid"]: r
            for key in ("rss_kb", "cpu_s")
            for r in sorted(found, key=lambda p: -p[key])[:MAX_SHOWN]
        }
        document: dict[str, Any] = {"count": len(found), "processes": list(top.values())}
        yield Item("processes.json", "/proc", document=document)
        return
    output = run_command(["ps", "axo", "pid,ppid,rss,time,state,command"])
    if output is None:
        yield skipped("processes", "neither /proc nor ps")
    else:
        lines = output.text.decode("utf-8", "replace").splitlines()[: MAX_SHOWN * 2]
        yield Item("processes.json", "ps", document={"lines": lines})


def _one(pid: int) -> Any:
    """Return one process; never this program, whose arguments may contain a token."""
    if pid in (os.getpid(), os.getppid()):
        return None
    fields = read(f"/proc/{pid}/stat").rpartition(")")
    if not fields[1]:
        return None
    values = fields[2].split()
    arguments = read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
    ticks = os.sysconf("SC_CLK_TCK")
    return {
        "pid": pid, "ppid": int(values[1]), "state": values[0], "threads": int(values[17]),
        "cpu_s": round((int(values[11]) + int(values[12])) / ticks, 1),
        "rss_kb": int(values[21]) * os.sysconf("SC_PAGE_SIZE") // 1024,
        "command": arguments[:1_000] or fields[0].partition("(")[2],
    }  # fmt: skip
