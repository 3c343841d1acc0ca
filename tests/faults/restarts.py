"""Restarts by SIGTERM: of everything, or of one process after another."""

from __future__ import annotations

import signal
from typing import Final

import psutil

from tests.faults.running import START_WITHIN_S, Running

# The web server last: while its processes go, someone else already works for what they still take.
PROGRAMS: Final = ("detection", "slow", "beat", "web")


def restart(tocsin: Running) -> None:
    """SIGTERM to the whole, as a service manager sends it, and a new start."""
    assert tocsin.stop(signal.SIGTERM) == 0
    tocsin.start()


def roll(tocsin: Running) -> None:
    """SIGTERM to each web process and then to each program; the next one when the one before is back."""
    for one in tocsin.programs("web")[1:]:
        _replace(tocsin, "web", one)
    for program in PROGRAMS:
        _replace(tocsin, program, tocsin.programs(program)[0])
    assert tocsin.until(lambda: tocsin.status() == "ready", START_WITHIN_S), tocsin.log()[-20000:]


def _replace(tocsin: Running, program: str, one: psutil.Process) -> None:
    """It ends by itself on SIGTERM, and another takes its place."""
    before = len(tocsin.programs(program))
    one.terminate()
    one.wait(timeout=START_WITHIN_S)
    assert tocsin.until(lambda: len(tocsin.programs(program)) >= before, START_WITHIN_S), program
    assert tocsin.until(lambda: tocsin.status() in {"ready", "degraded"}, START_WITHIN_S), program
