"""Prometheus Alertmanager as packaged by Debian; it stores alerts in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.harness.load import Route
from bench.harness.place import scratch
from bench.harness.programs import Program
from core.embedded.process import free_port

CONFIGURATION = """\
route:
  receiver: none
  group_by: [service]
  group_wait: 0s
  group_interval: 1s
receivers:
- name: none
"""


@contextmanager
def running_alertmanager() -> Iterator[Route]:
    """Run a fresh, standalone Alertmanager; returns its endpoint."""
    folder, port = scratch("alertmanager"), free_port()
    (folder / "alertmanager.yml").write_text(CONFIGURATION)
    argv = [
        "prometheus-alertmanager",
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    with Program("alertmanager", argv, cwd=folder) as program:
        program.wait_until_responding(port, "/-/ready")
        yield Route(f"http://127.0.0.1:{port}/api/v2/alerts", "alertmanager")
