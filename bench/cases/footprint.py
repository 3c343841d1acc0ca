"""Goals 16 and 17: `make run`'s memory at idle and start time from a bare checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bench.harness.figures import median
from bench.harness.place import ROOT, scratch
from bench.harness.posting import Poster, event
from bench.harness.programs import Program, family, proportional_bytes, status_of
from bench.harness.report import Report, Verdict
from bench.harness.scale import Scale
from core.embedded.process import free_port

SERVERS = ("postgres", "valkey", "weed", "seaweed")
FIRST_PAGE = "/sign-in"
WARM_UP = 20  # requests of each kind, enough to reach both web processes
# Variables that would make a checkout use another one's servers or environment.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "S3_ENDPOINT_URL", "TOCSIN_DATA_DIR", "VIRTUAL_ENV", "PORT")


def memory_at_idle(scale: Scale) -> Report:
    """Goal 16."""
    totals, last = [], dict[str, float]()
    with _clone("idle") as checkout:
        for _ in range(scale.repetitions):
            with _made_to_run(checkout) as (program, port):
                _work_a_little(port)
                time.sleep(scale.idle_seconds)
                totals.append(proportional_bytes(program.child.pid, _is_ours) / 2**20)
                last = _by_process(program.child.pid)
    verdict = Verdict("all our processes at idle", median(totals), 450, 300, " MiB", more_is_better=False)
    rows = [*last.items(), ("all, median of the runs", median(totals))]
    return Report(16, "memory of `make run` at rest", ("process", "MiB, proportional"), rows, [verdict])


def cold_start(scale: Scale) -> Report:
    """Goal 17."""
    seconds = [_cold(i) for i in range(scale.repetitions)]
    verdict = Verdict("bare checkout to first page", median(seconds), 60, 20, " s", more_is_better=False)
    rows = [(i, taken) for i, taken in enumerate(seconds, 1)]
    note = "With installing by lock (packages cached), initdb, migrations, CSS and static files."
    return Report(17, "cold set-up by `make run`", ("run", "seconds"), rows, [verdict], note)


def _cold(number: int) -> float:
    """Return the seconds from the first line of `make run` in a new clone to its first page."""
    with _clone(f"cold-{number}") as checkout:
        started = time.monotonic()
        with _made_to_run(checkout):
            return time.monotonic() - started


@contextmanager
def _clone(name: str) -> Iterator[Path]:
    """Return a bare checkout of the commit, with its own environment."""
    folder = scratch("clones") / name
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _made_to_run(checkout: Path) -> Iterator[tuple[Program, int]]:
    """Run `make run` in a checkout until its first page is served; stops it in order."""
    port = free_port()
    environment = {
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "TOCSIN_DATA_DIR": str(checkout / ".tocsin"),
    }
    program = Program("make-run", ["make", "run"], env=environment, cwd=checkout)
    for name in set(FOREIGN) - set(environment):
        program.env.pop(name, None)
    with program:
        program.wait_for(lambda: status_of(port, FIRST_PAGE) == 200, "the first page", 300)
        try:
            yield program, port
        finally:
            _interrupt(program)


def _work_a_little(port: int) -> None:
    """Make every process load what its first work needs: pages are served and an incident is opened."""
    poster = Poster(port)
    for _ in range(WARM_UP):
        poster.send([event("bench-idle")])
        status_of(port, FIRST_PAGE)


def _interrupt(program: Program) -> None:
    """Send Ctrl-C's signal to every process of the terminal's group, without the embedded servers."""
    with suppress(ProcessLookupError):
        os.killpg(program.child.pid, 2)
    with suppress(subprocess.TimeoutExpired):
        program.child.wait(40)


def _is_ours(process: psutil.Process) -> bool:
    return not any(word in process.name().lower() for word in SERVERS)


def _by_process(pid: int) -> dict[str, float]:
    """Return MiB of each process, named by what it runs."""
    found = dict[str, float]()
    for process in filter(_is_ours, family(pid)):
        words = [Path(word).name for word in process.cmdline()[:6]]
        name = f"{len(found) + 1}. {' '.join(words)[:60]}"
        found[name] = process.memory_full_info().pss / 2**20
    return found
