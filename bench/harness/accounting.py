"""Processor time and buffers by program, which remain meaningful on a busy machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import psutil

from bench.harness.programs import cpu_seconds, family
from bench.harness.tocsin import Tocsin

# As the supervisor names the processes; the kernel cuts names after 15 letters.
PROGRAMS: Final = ("web", "detection", "outbound", "slow", "beat")
POSTGRES: Final = "PostgreSQL"
VALKEY: Final = "Valkey"
TOUCHED = "select coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint from pg_stat_statements"


@dataclass
class Usage:
    """Seconds of processor time by program; buffers that all statements touched, if counted."""

    seconds: Counter[str] = field(default_factory=Counter)
    buffers: int = 0

    def per(self, count: float, unit: float = 1e3) -> dict[str, float]:
        """Return each program's time for one of `count`, in milliseconds or another `unit`."""
        return {name: seconds / count * unit for name, seconds in self.seconds.items()}


@contextmanager
def accounting(tocsin: Tocsin, *, buffers: bool = False) -> Iterator[Usage]:
    """Yield an object that is filled at the end of the block with what Tocsin and its servers spent."""
    spent = Usage()
    before, touched = _seconds(tocsin), _touched(tocsin) if buffers else 0
    yield spent
    after = _seconds(tocsin)
    spent.seconds.update({name: after[name] - before[name] for name in after})
    spent.buffers = (_touched(tocsin) if buffers else 0) - touched


def _seconds(tocsin: Tocsin) -> dict[str, float]:
    found = dict.fromkeys(PROGRAMS, 0.0)
    for process in family(tocsin.program.child.pid):
        with suppress(psutil.Error):
            name, times = process.name(), process.cpu_times()
            program = next((p for p in PROGRAMS if f"tocsin {p}"[:15] == name[:15]), None)
            if program:
                ended = times.children_user + times.children_system
                found[program] += times.user + times.system + ended
    valkey = tocsin.servers.valkey.handle()
    found[VALKEY] = cpu_seconds(valkey.pid) if valkey else 0.0
    return found | {POSTGRES: cpu_seconds(tocsin.servers.postmaster)}


def _touched(tocsin: Tocsin) -> int:
    with tocsin.connect() as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        row = connection.execute(TOUCHED).fetchone()
    return int(row[0]) if row else 0
