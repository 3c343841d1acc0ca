"""A plain ingest view with Django: one view, one statement per request, under granian's WSGI server.

It does the same work (token, parsing, rules, one committed statement) without the coalescer and without any
middleware, which favours it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.harness.load import Route
from bench.harness.place import ROOT
from bench.harness.programs import Program
from bench.harness.servers import Servers
from bench.harness.tocsin import running_tocsin
from core.embedded.process import free_port


@contextmanager
def running_plain_view(servers: Servers) -> Iterator[Route]:
    """Run the view on a database that a Tocsin prepared, whose detection worker and beat run beside it."""
    with running_tocsin(servers) as tocsin:
        port = free_port()
        argv = [sys.executable, "-m", "granian", "--interface=wsgi", f"--port={port}", "--workers=2"]
        argv += ["--blocking-threads=8", "--backlog=1024", "--no-ws", "--log-level=error"]
        argv += ["bench.plain.wsgi:application"]
        with Program("plain-view", argv, env=tocsin.program.env, cwd=ROOT) as program:
            program.wait_until_responding(port)
            yield Route(f"http://127.0.0.1:{port}/events", "tocsin", tocsin.authorization)
