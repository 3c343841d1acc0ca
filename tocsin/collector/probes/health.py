"""Health checks: those of the configuration, or generic ones of a host."""

from __future__ import annotations

import os
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

from tocsin.collector.context import Context, run_command
from tocsin.collector.items import HEALTH, Item, probe
from tocsin.collector.probes.network import resolve
from tocsin.collector.probes.services import container_engine, failed_units
from tocsin.collector.probes.system import mounts

CHECK_S = 5.0
FULL_PERCENT = 90.0
MAX_CHECKS = 50
OWN_PORTS = (8000, 8080)


@probe("health", seconds=60.0, phase=HEALTH)
def health(context: Context) -> Iterator[Item]:
    """Yield health.json: `overall` and the checks."""
    configured = list(context.config.get("health", []))[:MAX_CHECKS]
    checks = [_timed(check, context) for check in configured] if configured else _default_checks()
    yield Item("health.json", "health", document={"overall": overall(checks), "checks": checks})


def overall(checks: list[dict[str, Any]]) -> str:
    """Return ok, degraded, down, or unknown without checks."""
    good = [check["ok"] for check in checks]
    if not good:
        return "unknown"
    return "ok" if all(good) else "degraded" if any(good) else "down"


def _default_checks() -> list[dict[str, Any]]:
    made = [_containers(), _units(), _disks(), _names(), _tocsin()]
    return [check for check in made if check is not None]


def _check(name: str, ok: bool, message: str, kind: str, began: float) -> dict[str, Any]:
    spent = round((time.monotonic() - began) * 1000)
    return {"name": name, "ok": ok, "message": message[:500], "kind": kind, "duration_ms": spent}


def _containers() -> Any:
    began = time.monotonic()
    engine = container_engine()
    if engine is None:
        return None
    output = run_command([engine, "info"], CHECK_S)
    ok = output is not None and output.code == 0
    reason = (output.reason if output else "") or "Not responding"
    return _check(engine, ok, "Running" if ok else reason, "command", began)


def _units() -> Any:
    began = time.monotonic()
    failed = failed_units()
    if failed is None:
        return None
    return _check(
        "systemd",
        not failed,
        f"Failed: {', '.join(failed)}" if failed else "No failed units",
        "systemd",
        began,
    )


def _disks() -> dict[str, Any]:
    began = time.monotonic()
    full = []
    for mount in mounts():
        try:
            found = os.statvfs(mount)
        except OSError:
            continue
        used = 100 * (1 - found.f_bavail / found.f_blocks) if found.f_blocks else 0.0
        if used > FULL_PERCENT and found.f_blocks * found.f_frsize > 50 * 2**20:
            full.append(f"{mount} {used:.0f} %")
    return _check("disk", not full, f"Over 90 %: {', '.join(full)}" if full else "Below 90 %", "disk", began)


def _names() -> dict[str, Any]:
    began = time.monotonic()
    found = resolve(socket.gethostname())
    return _check("dns", found["ok"], "Own name resolves" if found["ok"] else found["error"], "dns", began)


def _tocsin() -> Any:
    """Check Tocsin itself, if it runs on this host."""
    began = time.monotonic()
    for port in OWN_PORTS:
        status, text = fetch(f"http://127.0.0.1:{port}/readyz", 2.0)
        if "tocsin" in text.lower() or (status in (200, 503) and '"checks"' in text):
            return _check(
                "tocsin", status == 200, "Ready" if status == 200 else f"HTTP {status}", "http", began
            )
    return None


def _timed(check: Mapping[str, Any], context: Context) -> dict[str, Any]:
    began = time.monotonic()
    kind, name = str(check.get("kind", "http")), str(check.get("name", "unnamed"))
    seconds = min(float(check.get("seconds", CHECK_S)), max(0.1, context.left()))
    run = {"http": _http, "tcp": _tcp, "command": _command, "file": _file}.get(kind)
    if run is None:
        return _check(name, False, f"kind {kind} is not known: http, tcp, command, file", kind, began)
    ok, message = run(check, seconds)
    return _check(name, ok, message, kind, began)


def fetch(url: str, seconds: float) -> tuple[int, str]:
    """Return status and beginning of a response; status 0 without one."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=seconds) as response:
            return response.status, response.read(100_000).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(100_000).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        text = "no response" if isinstance(error, TimeoutError) or "timed out" in str(error) else str(error)
        return 0, text


def _http(check: Mapping[str, Any], seconds: float) -> tuple[bool, str]:
    status, text = fetch(str(check.get("url", "")), seconds)
    wanted = int(check.get("status", 200))
    if status != wanted:
        return False, f"HTTP {status}" if status else (
            text if text != "no response" else f"no response in {seconds:g} s"
        )
    if check.get("contains") and str(check["contains"]) not in text:
        return False, f"the response does not contain {check['contains']!r}"
    return True, f"HTTP {status}"


def _tcp(check: Mapping[str, Any], seconds: float) -> tuple[bool, str]:
    try:
        with socket.create_connection(
            (str(check.get("host", "127.0.0.1")), int(check.get("port", 0))), seconds
        ):
            return True, "Connected"
    except (OSError, OverflowError) as error:
        return False, f"no response in {seconds:g} s" if "timed out" in str(error) else str(error)


def _command(check: Mapping[str, Any], seconds: float) -> tuple[bool, str]:
    argv = check.get("argv")
    if not isinstance(argv, list) or not argv:
        return False, "argv must be a list of words"
    output = run_command([str(word) for word in argv], seconds)
    if output is None:
        return False, f"{argv[0]} is not installed"
    lines = output.text.decode("utf-8", "replace").strip().splitlines()
    return output.code == 0, output.reason or (lines[-1] if lines else f"exit code {output.code}")


def _file(check: Mapping[str, Any], seconds: float) -> tuple[bool, str]:
    path = str(check.get("path", ""))
    try:
        info = os.stat(path)
    except OSError as error:
        return False, error.strerror or "cannot be read"
    age = time.time() - info.st_mtime
    if "max_age_s" in check and age > float(check["max_age_s"]):
        return False, f"{age:.0f} s old"
    if "max_bytes" in check and info.st_size > int(check["max_bytes"]):
        return False, f"{info.st_size} bytes"
    if "pattern" in check:
        with open(path, encoding="utf-8", errors="replace") as file:
            if re.search(re.escape(str(check["pattern"])), file.read(1_000_000)) is None:
                return False, f"does not contain {check['pattern']!r}"
    return True, f"{info.st_size} bytes, {age:.0f} s old"
