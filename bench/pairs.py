"""`python -m bench.pairs`: an earlier revision against this one, in interleaved pairs.

    python -m bench.pairs --of cf17db6 --pairs 10

Each revision is started in turn on an empty database of the same servers, the order changing from pair to
pair. One start measures the pages of goal 15 with fewer incidents, the latency of goals 7 and 6, the rates of
goals 1 and 3 (batches of 100) and 4 (single events), both with and without detection for
goal 9, and the memory of goal 16. Printed are the medians of both, and the ratio of this revision to the
earlier one: the geometric mean of the pairs with its 90 % interval by Student's t. The earlier revision runs
with the libraries of this one.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from psycopg import sql

from bench.cases.detection import RULES_ARE_KNOWN_AFTER
from bench.cases.latency import Probe, probe_beside_load, probe_bursts
from bench.harness.figures import median
from bench.harness.history import fill
from bench.harness.load import apply_load
from bench.harness.machine import facts
from bench.harness.place import ROOT
from bench.harness.programs import proportional_bytes
from bench.harness.reading import reading
from bench.harness.report import table
from bench.harness.rules import switch_all_off
from bench.harness.scale import Scale
from bench.harness.servers import Servers, running_servers
from bench.harness.tocsin import BATCH, Tocsin, running_tocsin

SCALE: Final = Scale(seconds=3, openings_s=6, bursts=8, probe_seconds=7, incidents=20_000, page_views=20)
PAGES: Final = {
    "dashboard": "/",
    "list": "/incidents?status=active&sort=severity",
    "incident": f"/incidents/INC-{SCALE.incidents // 2}",
}
REST_S: Final = 3.0
# Quantiles of Student's t for a two-sided 90 % interval; the degrees of freedom are the pairs less one.
T_90: Final = {4: 2.132, 5: 2.015, 6: 1.943, 7: 1.895, 8: 1.860, 9: 1.833, 10: 1.812, 11: 1.796, 12: 1.782}
# Earlier revisions have the same table by another name.
PENDING: Final = "select relname from pg_class where relname in ('detection_pending', 'detection_outbox')"
Figures = dict[str, float]


def main() -> int:
    """Measure the pairs and print the table. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.pairs", description=__doc__)
    parser.add_argument("--of", default="cf17db6", help="the earlier revision")
    parser.add_argument("--pairs", type=int, default=10, choices=[n + 1 for n in T_90])
    parser.add_argument("--only", choices=["streams", "pages"], help="goals 1, 3, 4, 6 and 9, or goal 15")
    given = parser.parse_args()
    print(", ".join(f"{name} {value}" for name, value in facts().items()))
    found: list[tuple[Figures, Figures]] = []
    with tree_of(given.of) as before, running_servers() as servers:
        for number in range(given.pairs):
            order = (before, ROOT) if number % 2 else (ROOT, before)
            seen = {root: measure(servers, root, only=given.only) for root in order}
            found.append((seen[before], seen[ROOT]))
            print(f"pair {number + 1}, load {os.getloadavg()[0]:.1f}", flush=True)
    rows = [_row(name, [(old[name], new[name]) for old, new in found]) for name in found[0][0]]
    print("\n" + table(("figure", given.of, "now", "ratio", "90 % interval"), rows))
    return 0


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """Return a folder with the files of a revision."""
    with tempfile.TemporaryDirectory(prefix="tocsin-earlier-") as folder:
        packed = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, capture_output=True)
        subprocess.run(["tar", "x"], cwd=folder, input=packed.stdout, check=True)
        yield Path(folder)


def measure(servers: Servers, root: Path, only: str | None = None) -> Figures:
    """Return the figures of one start. only: "streams" or "pages"."""
    with running_tocsin(servers, database="bench_pairs", root=root) as tocsin:
        if only == "pages":
            fill(tocsin, SCALE.incidents)
            return dict(_pages(tocsin))
        figures = {} if only == "streams" else _quiet(tocsin)
        _, probes = probe_beside_load(tocsin, SCALE)
        figures["event to incident at 10,000 events/s, p50 ms"] = _median(probes)
        _rest(tocsin)
        watched = _rates(tocsin)
        figures |= {f"{name}, events/s": rate for name, rate in watched.items()}
        switch_all_off(tocsin)
        time.sleep(RULES_ARE_KNOWN_AFTER)
        plain = _rates(tocsin)
        return figures | {f"{name}, detection on / off": watched[name] / plain[name] for name in plain}


def _rates(tocsin: Tocsin) -> Figures:
    rates = {}
    for name, size in {"batches of 100": BATCH, "single events": 1}.items():
        rates[name] = apply_load(tocsin.events, size, SCALE.of_stream()).events
        _rest(tocsin)
    return rates


def _quiet(tocsin: Tocsin) -> Figures:
    fill(tocsin, SCALE.incidents)
    figures = dict(_pages(tocsin))
    bursts = probe_bursts(tocsin, SCALE.bursts, SCALE.burst_pause)
    figures["burst of 100 to its incident, p50 ms"] = _median(bursts)
    memory = proportional_bytes(tocsin.program.child.pid, lambda one: "weed" not in one.name())
    figures["memory after it, MiB"] = memory / 2**20
    return figures


def _pages(tocsin: Tocsin) -> Iterator[tuple[str, float]]:
    with reading(tocsin) as reader:
        for name, path in PAGES.items():
            reader.get(path)
            times = [reader.milliseconds(path) for _ in range(SCALE.page_views)]
            yield f"{name} with {SCALE.incidents:,} incidents, p50 ms", median(times)


def _median(probes: Sequence[Probe]) -> float:
    return median(incident for _, incident in probes if incident is not None)


def _rest(tocsin: Tocsin) -> None:
    """Wait until detection has processed all events. Raises TimeoutError after a minute."""
    end = time.monotonic() + 60.0
    with tocsin.connect() as connection:
        [(name,)] = connection.execute(PENDING).fetchall()
        waiting = sql.SQL("select exists (select from {})").format(sql.Identifier(name))
        while connection.execute(waiting).fetchone() != (False,):
            if time.monotonic() > end:
                raise TimeoutError(f"{name} is not empty")
            time.sleep(0.05)
    time.sleep(REST_S)


def _row(name: str, pairs: Sequence[tuple[float, float]]) -> tuple[str, float, float, float, str]:
    logs = [math.log(new / old) for old, new in pairs]
    mean = statistics.fmean(logs)
    half = T_90[len(logs) - 1] * statistics.stdev(logs) / math.sqrt(len(logs))
    interval = f"{math.exp(mean - half):.3f} to {math.exp(mean + half):.3f}"
    return name, median(old for old, _ in pairs), median(new for _, new in pairs), math.exp(mean), interval


if __name__ == "__main__":
    sys.exit(main())
