"""Load over HTTP with wrk, on loopback only, bounded in time."""

from __future__ import annotations

import math
import re
import subprocess
from dataclasses import dataclass

from bench.harness.place import LUA
from bench.harness.scale import Scale

UNITS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Route:
    """A product's endpoint for events and its format (a flavour of `load/events.lua`)."""

    url: str
    flavour: str
    authorization: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """Result of one run of wrk. Rates are per second, times are in milliseconds."""

    requests: float
    batch: int
    p50: float
    p99: float
    failures: int

    @property
    def events(self) -> float:
        """Return events per second."""
        return self.requests * self.batch


def apply_load(
    route: Route, batch: int, scale: Scale, *, sources: int = 20, errors: int = 25, warm: bool = True,
    may_refuse: bool = False,
) -> Load:  # fmt: skip
    """Send requests of `batch` events as fast as possible; `errors` percent of them are errors.

    Raises RuntimeError when responses are refusals, since a rate of refusals is meaningless. `may_refuse`:
    the caller counts accepted events elsewhere.
    """
    args = [route.flavour, str(batch), route.authorization, str(sources), str(errors)]
    if warm:
        _wrk(route.url, scale.warm_up, scale.connections, args)
    output = _wrk(route.url, scale.seconds, scale.connections, args)
    load = Load(_rate(output), batch, _percentile(output, 50), _percentile(output, 99), _failures(output))
    if not may_refuse and load.failures > 0.01 * load.requests * scale.seconds:
        raise RuntimeError(f"{load.failures} requests to {route.url} failed\n{output}")
    return load


def _wrk(url: str, seconds: int, connections: int, args: list[str]) -> str:
    options = ["-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", "--timeout", "15s"]
    command = ["wrk", *options, "-s", str(LUA), url, "--", *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if "Requests/sec" not in done.stdout:
        raise RuntimeError(f"wrk failed: {done.stdout}{done.stderr}")
    return done.stdout


def _rate(output: str) -> float:
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    return float(found[1]) if found else math.nan


def _percentile(output: str, share: int) -> float:
    found = re.search(rf"\n\s+{share}%\s+([\d.]+)(us|ms|s|m)\b", output)
    return float(found[1]) * UNITS[found[2]] if found else math.nan


def _failures(output: str) -> int:
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    broken = re.search(r"Socket errors: (.*)", output)
    sockets = sum(int(n) for n in re.findall(r"\d+", broken[1])) if broken else 0
    return sockets + (int(refused[1]) if refused else 0)
