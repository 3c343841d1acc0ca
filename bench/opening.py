"""`python -m bench opening`: seconds from an incident's opening until its first analysis is committed.

In a running Tocsin as `make run` starts it, one incident after the other, opened by 5 and by 1,000 errors of
one source; then an incident that grew to 5,000 events, from its newest event until the analysis of as many.
Exit status 1 if the 95th percentile of the first two is over 1 s.
"""

from __future__ import annotations

import argparse
import time
from typing import Final, LiteralString

import psycopg

from bench.harness.figures import median, percentile
from bench.harness.posting import Poster, event
from bench.harness.servers import running_servers
from bench.harness.tocsin import Tocsin, running_tocsin

MUST_S: Final = 1.0
PATIENCE_S: Final = 30.0
LOOK_S: Final = 0.005
GROWN: Final = 5_000
# The database's clock only; the row is visible once its transaction is committed.
ANALYSED: Final[LiteralString] = """
select extract(epoch from clock_timestamp() - i.created_at)::float
  from incidents_incident i join incidents_affectedcomponent c on c.incident_id = i.id
  join incidents_component n on n.id = c.component_id
 where n.name = %s and exists (
   select from incidents_analysis a where a.incident_id = i.id and a.event_count >= %s)
"""


def seconds_until_analysed(connection: psycopg.Connection, source: str, events: int) -> float:
    """Return the time from the opening of that source's incident to its analysis of so many events."""
    end = time.monotonic() + PATIENCE_S
    while (row := connection.execute(ANALYSED, [source, events]).fetchone()) is None:
        if time.monotonic() > end:
            raise TimeoutError(f"{source}: no analysis of {events} events after {PATIENCE_S:.0f} s")
        time.sleep(LOOK_S)
    return float(row[0])


def opened_by(tocsin: Tocsin, poster: Poster, incidents: int, events: int) -> list[float]:
    """Return the delays of so many incidents, each opened by one batch."""
    delays = []
    with tocsin.connect() as connection:
        for number in range(incidents):
            source = f"opened-{events}-{number}"
            poster.send([event(source) for _ in range(events)])
            delays.append(seconds_until_analysed(connection, source, 0))
    return delays


def grown(tocsin: Tocsin, poster: Poster) -> float:
    """Return the time from the newest of 5,000 events to the analysis that counts them all."""
    with tocsin.connect() as connection:
        for _ in range(GROWN // 1_000):
            poster.send([event("grown") for _ in range(1_000)])
        sent = time.monotonic()
        seconds_until_analysed(connection, "grown", GROWN)
        return time.monotonic() - sent


def main() -> int:
    """Measure on fresh servers."""
    parser = argparse.ArgumentParser(prog="python -m bench opening", description=__doc__)
    parser.add_argument("--incidents", type=int, default=40, help="incidents of each size")
    options = parser.parse_args()
    with running_servers() as servers, running_tocsin(servers) as tocsin:
        poster = Poster(tocsin.port, tocsin.authorization)
        opened_by(tocsin, poster, 3, 6)
        found = {events: opened_by(tocsin, poster, options.incidents, events) for events in (5, 1_000)}
        later = grown(tocsin, poster)
        poster.connection.close()
    for events, delays in found.items():
        print(
            f"opened by {events:>5} events: p50 {median(delays):.3f} s, p95 {percentile(delays, 95):.3f} s, "
            f"max {max(delays):.3f} s, n {len(delays)}"
        )
    print(f"grown to {GROWN:,} events: analysis of all after {later:.2f} s")
    passed = all(percentile(delays, 95) <= MUST_S for delays in found.values())
    print(f"{'PASS' if passed else 'MISS'}: p95 <= {MUST_S:.0f} s")
    return 0 if passed else 1
