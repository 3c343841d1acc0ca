"""Operating system, hardware, memory, disks, limits."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any

from tocsin.collector.context import Context, run_command
from tocsin.collector.items import Item, probe

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture() -> str:
    """Return amd64, arm64 …"""
    return ARCHITECTURES.get(platform.machine(), platform.machine().lower())


def host_name(*, hidden: bool) -> str:
    """Return the name of this host, or a hash of it."""
    name = platform.node()
    return f"host-{hashlib.sha256(name.encode()).hexdigest()[:12]}" if hidden else name


@probe("system")
def system(context: Context) -> Iterator[Item]:
    """Yield system_info.json."""
    yield Item("system_info.json", "system", document={
        "os": sys.platform,
        "os_name": _os_name(),
        "arch": architecture(),
        "hostname": host_name(hidden=context.options.hide_host),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "uptime_s": _uptime(),
        "memory_kb": _memory(),
        "disks": _disks(),
        "limits": _limits(),
        "container": _container(),
        "clock_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "clock_synchronised": _is_clock_synchronised(),
    })  # fmt: skip


def read(path: str) -> str:
    """Return a small file, or an empty text."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1_000_000)
    except OSError:
        return ""


def _os_name() -> str:
    lines = dict(line.partition("=")[::2] for line in read("/etc/os-release").splitlines())
    return lines.get("PRETTY_NAME", platform.platform()).strip('"')


def _uptime() -> Any:
    text = read("/proc/uptime").split()
    return int(float(text[0])) if text else None


def _memory() -> dict[str, int]:
    wanted = {"MemTotal", "MemFree", "MemAvailable", "SwapTotal", "SwapFree", "Dirty", "Slab"}
    rows = (line.split() for line in read("/proc/meminfo").splitlines())
    return {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) > 1 and row[0].rstrip(":") in wanted}


def mounts() -> list[str]:
    """Return mount points of real file systems."""
    virtual = {"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs", "tracefs"}
    rows = [line.split() for line in read("/proc/mounts").splitlines()]
    found = [row[1] for row in rows if len(row) > 2 and row[2] not in virtual]
    return sorted(set(found))[:50] or ["/"]


def _disks() -> list[dict[str, Any]]:
    found = []
    for mount in mounts():
        try:
            usage, inodes = shutil.disk_usage(mount), os.statvfs(mount)
        except OSError:
            continue
        if usage.total:
            found.append({
                "mount": mount, "total_mb": usage.total // 2**20, "free_mb": usage.free // 2**20,
                "used_percent": round(100 * (usage.total - usage.free) / usage.total, 1),
                "inodes": inodes.f_files, "inodes_free": inodes.f_ffree,
            })  # fmt: skip
    return found


def _limits() -> dict[str, list[int]]:
    try:
        import resource
    except ImportError:
        return {}
    names = {"open_files": resource.RLIMIT_NOFILE, "processes": getattr(resource, "RLIMIT_NPROC", 6)}
    return {name: list(resource.getrlimit(number)) for name, number in names.items()}


def _container() -> str:
    if os.path.exists("/.dockerenv"):
        return "docker"
    if os.path.exists("/run/.containerenv"):
        return "podman"
    return "kubernetes" if os.environ.get("KUBERNETES_SERVICE_HOST") else ""


def _is_clock_synchronised() -> Any:
    output = run_command(["timedatectl", "show", "-p", "NTPSynchronized", "--value"], 2.0)
    return None if output is None or output.code else output.text.strip() == b"yes"
