"""`python -m bench tally`: the ingest statement with the counts of each minute against the one without.

Pairs are interleaved and alternate in order. Prints the ratio of rates of each pair, their geometric mean and
its 90 % interval by Student's t; exit status 1 if the whole interval is below 0.97.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, LiteralString

import orjson
import psycopg

from bench.harness.servers import running_servers
from config.paths import ROOT
from detection.evaluation.matching import Ruleset
from detection.ingest.parsing import parse_body
from detection.ingest.services.accept_events import retention
from detection.ingest.statement import MINUTES, STORE_ONLY, JsonText, JsonTextDumper, encode

BATCH: Final = 100
SOURCES: Final = 20
MUST: Final = 0.97
T_90: Final = {9: 1.833, 11: 1.796, 13: 1.771, 15: 1.753, 19: 1.729, 23: 1.714, 29: 1.699}
WITHOUT: Final[LiteralString] = STORE_ONLY.replace(MINUTES, "")
WITH: Final[LiteralString] = STORE_ONLY


def batches(count: int, numbers: Iterator[int]) -> list[JsonText]:
    """Return encoded batches of 100 events of 20 sources, a tenth of them errors."""
    now, ruleset = datetime.now(UTC), Ruleset([])
    made = []
    for _ in range(count):
        events = [
            {"source": f"service-{n % SOURCES}", "level": "error" if n % 10 == 0 else "info",
             "event_id": f"bench-{n}", "message": f"request {n} took {n % 977} ms", "event_type": "request"}
            for n in itertools.islice(numbers, BATCH)
        ]  # fmt: skip
        parsed = parse_body(orjson.dumps(events), now, retention())
        made.append(JsonText(b"[" + encode(1, parsed.events, ruleset, 0).rows + b"]"))
    return made


def rate(connection: psycopg.Connection, query: LiteralString, made: list[JsonText]) -> float:
    """Return stored events per second, each batch in its own transaction."""
    began = time.perf_counter()
    for rows in made:
        connection.execute(query.encode(), [rows])
    return len(made) * BATCH / (time.perf_counter() - began)


def measure(connection: psycopg.Connection, pairs: int, count: int) -> list[float]:
    """Return the ratio of the rates, with ÷ without, of each pair."""
    numbers = itertools.count()
    for query in (WITH, WITHOUT):
        rate(connection, query, batches(count // 4, numbers))
    ratios = []
    for pair in range(pairs):
        order = (WITH, WITHOUT) if pair % 2 else (WITHOUT, WITH)
        found = {query: rate(connection, query, batches(count, numbers)) for query in order}
        ratios.append(found[WITH] / found[WITHOUT])
        print(f"pair {pair + 1}: {found[WITH]:,.0f} ÷ {found[WITHOUT]:,.0f} = {ratios[-1]:.3f}", flush=True)
    return ratios


def interval(ratios: list[float]) -> tuple[float, float, float]:
    """Return the geometric mean with its 90 % interval."""
    logs = [math.log(ratio) for ratio in ratios]
    mean, error = statistics.fmean(logs), statistics.stdev(logs) / math.sqrt(len(logs))
    t = T_90[max((n for n in T_90 if n <= len(logs) - 1), default=9)]
    return math.exp(mean), math.exp(mean - t * error), math.exp(mean + t * error)


def main() -> int:
    """Measure on a fresh database of the embedded server."""
    parser = argparse.ArgumentParser(prog="python -m bench tally", description=__doc__)
    parser.add_argument("--pairs", type=int, default=12, help="interleaved pairs, at least 10")
    parser.add_argument(
        "--batches", type=int, default=200, help="batches of 100 events in each half of a pair"
    )
    options = parser.parse_args()
    with running_servers() as servers:
        url = servers.fresh_database("bench_tally")
        environment = {**os.environ, "DATABASE_URL": url, "TOCSIN_ENV": "test"}
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.adapters.register_dumper(JsonText, JsonTextDumper)
            ratios = measure(connection, max(10, options.pairs), options.batches)
    mean, low, high = interval(ratios)
    print(
        f"with ÷ without: {mean:.3f}, 90 % interval {low:.3f} to {high:.3f}, {len(ratios)} pairs; must {MUST}"
    )
    return 0 if high >= MUST else 1
