"""Physical limit of HTTP on this machine: Tocsin's server with an endpoint that only parses the events."""

from __future__ import annotations

from bench.harness.load import Load, Route, apply_load
from bench.harness.place import ROOT
from bench.harness.programs import Program
from bench.harness.scale import Scale
from config.runtime.programs import web
from core.embedded.process import free_port


def bare_load(batch: int, scale: Scale) -> Load:
    """Return what the bare endpoint serves, in requests of `batch` events."""
    port = free_port()
    argv = [*web(port, 2)[:-1], "bench.plain.bare:application"]
    with Program("bare", argv, cwd=ROOT) as program:
        program.wait_until_responding(port)
        return apply_load(Route(f"http://127.0.0.1:{port}/events", "tocsin"), batch, scale)
