"""Half of the maximum rate, for minutes: memory and lag must stay flat.

python -m bench.soak                 # ten minutes at half of the rate measured first
python -m bench.soak --minutes 1 --rate 2000

The first sixth warms up. Then the mean of the last third is compared with that of the first: memory may be up
to a twentieth larger; detection and delivery may lag by up to a second (median) in both. Otherwise the exit
status is 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import LiteralString

import psycopg

from bench.harness.load import apply_load
from bench.harness.machine import facts
from bench.harness.posting import SteadyLoad, steady_load
from bench.harness.programs import proportional_bytes
from bench.harness.scale import Scale
from bench.harness.servers import running_servers
from bench.harness.tocsin import Tocsin, running_tocsin

MORE_MEMORY, MAX_LAG_S = 1.05, 1.0
DETECTION: LiteralString = (
    "select coalesce(extract(epoch from now() - min(created_at)), 0) from detection_pending"
)
DELIVERY: LiteralString = """
select coalesce(extract(epoch from now() - min(due_at)), 0) from core_outboxdispatch
 where state = 'pending' and due_at <= now()
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: seconds since the start, events per second since the last one, MiB, and two lags in s."""

    at: float
    rate: float
    memory: float
    detection: float
    delivery: float

    def __str__(self) -> str:
        lags = f"{self.detection:11.2f}  {self.delivery:10.2f}"
        return f"{self.at:4.0f}  {self.rate:8,.0f}  {self.memory:5.0f}  {lags}"


def main() -> int:
    """Measure, print every sample and the verdict."""
    given = _arguments()
    with running_servers() as servers, running_tocsin(servers) as tocsin:
        rate = given.rate or int(_saturation(tocsin, given.probe) / 2)
        print(f"{rate:,} events a second for {given.minutes:g} minutes; {facts()}", flush=True)
        with steady_load(tocsin, rate) as load, tocsin.connect() as connection:
            samples = _watch(tocsin, load, connection, given.minutes * 60)
        tocsin.wait_until_detected()
    return _verdict(samples, rate)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument(
        "--rate", type=int, default=0, help="events a second; unset: half of what is measured"
    )
    parser.add_argument("--probe", type=int, default=10, help="seconds that the most is measured for")
    return parser.parse_args()


def _saturation(tocsin: Tocsin, seconds: int) -> float:
    load = apply_load(tocsin.events, 100, Scale(seconds=seconds, warm_up=3))
    tocsin.wait_until_detected(120)
    print(f"at most {load.events:,.0f} events a second", flush=True)
    return load.events


def _watch(tocsin: Tocsin, load: SteadyLoad, connection: psycopg.Connection, seconds: float) -> list[Sample]:
    began, samples = time.monotonic(), list[Sample]()
    pause = min(5.0, seconds / 30)
    print("   s  events/s    MiB  detection s  delivery s")
    while (at := time.monotonic() - began) < seconds:
        time.sleep(pause)
        lags = (_ask(connection, DETECTION), _ask(connection, DELIVERY))
        one = Sample(at + pause, load.reached(), _memory(tocsin), *lags)
        samples.append(one)
        print(one, flush=True)
    return samples


def _memory(tocsin: Tocsin) -> float:
    return proportional_bytes(tocsin.program.child.pid) / 2**20


def _ask(connection: psycopg.Connection, query: LiteralString) -> float:
    found = connection.execute(query).fetchone()
    return float(found[0]) if found else 0.0


def _verdict(samples: Sequence[Sample], rate: int) -> int:
    warm = samples[len(samples) // 6 :]
    first, last = warm[: len(warm) // 3], warm[-(len(warm) // 3) :]
    memory = _mean(last, lambda one: one.memory) / _mean(first, lambda one: one.memory)
    lags = [median(lag(one) for one in part) for part in (first, last) for lag in (_detection, _delivery)]
    checks = {
        f"rate reached: {samples[-1].rate:,.0f} of {rate:,}": samples[-1].rate > 0.95 * rate,
        f"memory, last third / first third: {memory:.3f}": memory <= MORE_MEMORY,
        f"median lag: {max(lags):.2f} s at most": max(lags) <= MAX_LAG_S,
    }
    for words, holds in checks.items():
        print(("PASS  " if holds else "MISS  ") + words)
    return 0 if all(checks.values()) else 1


def _mean(samples: Sequence[Sample], figure: Callable[[Sample], float]) -> float:
    return fmean(figure(one) for one in samples)


def _detection(one: Sample) -> float:
    return one.detection


def _delivery(one: Sample) -> float:
    return one.delivery


if __name__ == "__main__":
    sys.exit(main())
