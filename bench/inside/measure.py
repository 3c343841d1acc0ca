"""`python -m bench inside`: goals of single parts, each in one process on a database of its own.

Each with its yardstick in the same run. Prints each figure with its bound; exit status 1 if one is missed.
`--database` uses a migrated, empty database instead of creating one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib import import_module
from typing import Final

from bench.harness.machine import facts
from bench.harness.servers import running_servers
from bench.inside.goal import Outcome
from config.paths import ROOT

MODULES: Final = ("bench.inside.learning", "bench.inside.deciding")
HERE: Final = "BENCH_INSIDE"


def main() -> int:
    """Create the database, and measure in a process that uses it."""
    parser = argparse.ArgumentParser(prog="python -m bench inside", description=__doc__)
    parser.add_argument("--incidents", type=int, default=100_000, help="incidents of the large workspace")
    parser.add_argument("--database", help="a migrated database without rows")
    parser.add_argument("--only", nargs="+", default=[], help="names of goals, such as L2")
    options = parser.parse_args()
    if os.environ.get(HERE):
        return measured(options.incidents, options.only)
    if options.database:
        return in_a_process(options.database)
    with running_servers() as servers:
        url = servers.fresh_database("bench_inside")
        environment = {**os.environ, "DATABASE_URL": url}
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        return in_a_process(url)


def in_a_process(url: str) -> int:
    """Run the same command with that database. Returns its exit status."""
    argv = [sys.executable, "-m", "bench", "inside", *sys.argv[1:]]
    environment = {**os.environ, "DATABASE_URL": url, "TOCSIN_ENV": "test", HERE: "1"}
    return subprocess.run(argv, cwd=ROOT, env=environment, check=False).returncode


def measured(incidents: int, only: list[str]) -> int:
    """Measure each requested goal, by default all."""
    outcomes: list[Outcome] = []
    for module in MODULES:
        for name, run in import_module(module).GOALS.items():
            if only and name not in only:
                continue
            for outcome in run(incidents):
                print(f"{name:4} {outcome}", flush=True)
                outcomes.append(outcome)
    print(", ".join(f"{name} {value}" for name, value in facts().items()))
    return 0 if all(one.passed for one in outcomes) else 1
