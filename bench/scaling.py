"""`python -m bench.scaling`: processor time of events and pages, and how it grows.

First, processor time of each program for 1,000 events, sent one by one and in batches over 16 connections,
compared with COPY of the same rows by 100. Then, for growing numbers of stored events and of incidents,
processor time and buffers of a batch and of the main pages, a fitted curve, and its cost for a hundred times
the largest size. Processor time is counted instead of the clock, so that other work on the machine matters
little.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, LiteralString

import psycopg

from bench.cases.stored import EVENTS, KEYS
from bench.harness.accounting import POSTGRES, Usage, accounting
from bench.harness.fit import fit
from bench.harness.history import fill
from bench.harness.machine import facts
from bench.harness.posting import Poster, event
from bench.harness.programs import cpu_seconds
from bench.harness.reading import reading
from bench.harness.report import table
from bench.harness.servers import Servers, running_servers
from bench.harness.tocsin import BATCH, Tocsin, running_tocsin
from bench.peers.copying import copy_rate

STATEMENTS: Final = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.max": "10000"}
EVENT_SIZES: Final = (10_000, 50_000, 250_000, 1_000_000)
INCIDENT_SIZES: Final = (1_000, 10_000, 100_000)
FACTOR: Final = 100
BATCHES: Final = 100
SENDERS: Final = 16
REST_S: Final = 10.0
COPY_S: Final = 3.0
AT_ONCE: Final = 250_000
WARM: Final = 4
LEVELS: Final = ("error", "info", "info", "warning")
HEAD: Final = ("what", "cost")
PAGES: Final = {
    "frame of a page": "/account/password",
    "dashboard": "/",
    "incidents": "/incidents",
    "incident": "/incidents/INC-{middle}",
    "component": "/components/{component}",
}
COMPONENT: Final = "select id from incidents_component where name = 'service-7'"
EMPTY: Final[LiteralString] = (
    "truncate incidents_incident, incidents_component, incidents_incidentcounter cascade"
)


@dataclass
class Growth:
    """One operation measured at every size: (size, spent, how often)."""

    name: str
    runs: list[tuple[int, Usage, int]] = field(default_factory=list)

    def of(self, cost: Callable[[Usage], float]) -> list[float]:
        """Return the cost of one at each size."""
        return [cost(spent) / count for _, spent, count in self.runs]


def main() -> int:
    """Measure and print. Returns the exit status."""
    given = _arguments()
    print(", ".join(f"{name} {value}" for name, value in facts().items()), flush=True)
    with running_servers(**STATEMENTS) as servers:
        copied = _copied(servers)
        with running_tocsin(servers) as tocsin:
            _print_ingest(tocsin, given.requests, copied)
            _print_growth("events stored", _batches(tocsin, given.events))
            _print_growth("incidents", _pages(tocsin, given.incidents, given.views))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("--requests", type=int, default=4_000, help="single events, and a tenth of batches")
    parser.add_argument("--events", type=int, nargs="+", default=EVENT_SIZES, help="numbers of stored events")
    parser.add_argument(
        "--incidents", type=int, nargs="+", default=INCIDENT_SIZES, help="numbers of incidents"
    )
    parser.add_argument("--views", type=int, default=40, help="how often each page is read at each size")
    return parser.parse_args()


def _print_ingest(tocsin: Tocsin, requests: int, copied: float) -> None:
    """Print ingest costs, after those at idle: idle work of the programs is not a cost of events."""
    _send(tocsin, requests // 10, 1)
    with accounting(tocsin) as rest:
        time.sleep(REST_S)
    rows: list[tuple[str | float, ...]] = [("at rest, a second", *rest.per(REST_S).values(), "", "")]
    costs: dict[str, float] = {}
    for batch, count in ((1, requests), (BATCH, requests // 10)):
        began = time.monotonic()
        with accounting(tocsin) as spent:
            _send(tocsin, count, batch)
        seconds, thousands = time.monotonic() - began, count * batch / 1_000
        own = {name: rest.seconds[name] / REST_S * seconds for name in rest.seconds}
        costs = {name: max(0.0, spent.seconds[name] - own[name]) / thousands * 1e3 for name in own}
        total = sum(costs.values())
        rows.append((f"1,000 events by {batch}", *costs.values(), total, 1e6 / total))
    alone = [copied if name == POSTGRES else "" for name in costs]
    rows.append((f"1,000 rows, COPY by {BATCH}", *alone, copied, 1e6 / copied))
    print("\nMilliseconds of processor time; events a second that one core would take\n")
    print(table(("what", *costs, "all", "a core"), rows), flush=True)


def _send(tocsin: Tocsin, requests: int, batch: int) -> None:
    """Send that many requests over 16 connections, and wait until detection has processed their events."""
    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(lambda share: _send_share(tocsin, share, batch), _shares(requests)))
    tocsin.wait_until_detected(300)


def _shares(requests: int) -> list[int]:
    return [requests // SENDERS + (n < requests % SENDERS) for n in range(SENDERS)]


def _send_share(tocsin: Tocsin, requests: int, batch: int) -> None:
    poster = Poster(tocsin.port, tocsin.authorization)
    for sent in range(0, requests * batch, batch):
        poster.send([event(f"svc-{n % 20}", LEVELS[n % 4]) for n in range(sent, sent + batch)])
    poster.connection.close()


def _copied(servers: Servers) -> float:
    """Return milliseconds of PostgreSQL for 1,000 rows, including its new database."""
    before = cpu_seconds(servers.postmaster)
    copy_rate(servers, BATCH, COPY_S)
    rows = _count(servers.postgres.url("bench_copy"), "select count(*) from copied_event")
    return (cpu_seconds(servers.postmaster) - before) / rows * 1e6


def _count(url: str, query: LiteralString) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _batches(tocsin: Tocsin, sizes: Sequence[int]) -> list[Growth]:
    """Measure batches of 100 at each number of stored events."""
    growth, stored = Growth(f"batch of {BATCH} events"), 0
    for size in sizes:
        with tocsin.connect() as connection:
            for first in range(stored + 1, size + 1, AT_ONCE):
                span = {"first": first, "last": min(size, first + AT_ONCE - 1), "count": size}
                connection.execute(EVENTS, span)
                connection.execute(KEYS, span)
            connection.execute("vacuum analyze detection_event")
            connection.execute("vacuum analyze detection_event_key")
            connection.execute("checkpoint")
        stored = size + 2 * BATCHES * BATCH
        _send(tocsin, BATCHES, BATCH)
        with accounting(tocsin, buffers=True) as spent:
            _send(tocsin, BATCHES, BATCH)
        growth.runs.append((size, spent, BATCHES))
    return [growth]


def _pages(tocsin: Tocsin, sizes: Sequence[int], views: int) -> list[Growth]:
    """Measure the main pages at each number of incidents; the layout alone is the baseline."""
    grown = {name: Growth(name) for name in PAGES}
    with reading(tocsin) as reader:
        for size in sizes:
            tocsin.execute(EMPTY)
            fill(tocsin, size)
            reader.close()  # the server closes idle connections; the next request opens another
            component = _count(tocsin.database, COMPONENT)
            for name, path in PAGES.items():
                address = path.format(middle=size // 2, component=component)
                for _ in range(WARM):
                    reader.get(address)
                with accounting(tocsin, buffers=True) as spent:
                    for _ in range(views):
                        reader.get(address)
                grown[name].runs.append((size, spent, views))
    return list(grown.values())


def _print_growth(what: str, grown: Sequence[Growth]) -> None:
    costs: dict[str, tuple[Callable[[Usage], float], str]] = {
        "web": (lambda spent: spent.seconds["web"] * 1e3, "ms"),
        "PostgreSQL": (lambda spent: spent.seconds[POSTGRES] * 1e3, "ms"),
        "buffers": (lambda spent: float(spent.buffers), "buffers"),
    }
    sizes = [size for size, _, _ in grown[0].runs]
    rows: list[tuple[str | float, ...]] = []
    for one in grown:
        for name, (cost, unit) in costs.items():
            measured = one.of(cost)
            found = fit(sizes, measured)
            far = found.at(sizes[-1] * FACTOR)
            rows.append((one.name, name, *measured, found.described(unit), f"{found.residual:.0%}", far))
    print(
        f"\nCost of one by {what}; the curve that fits, its worst deviation, and {FACTOR} times the largest\n"
    )
    print(
        table((*HEAD, *(f"{size:,}" for size in sizes), "curve", "off by", f"{sizes[-1] * FACTOR:,}"), rows)
    )


if __name__ == "__main__":
    sys.exit(main())
