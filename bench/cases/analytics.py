"""Goal 20: the analytics page of a standard period reads one row, whatever the number of incidents."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final, LiteralString

import psycopg

from bench.cases.pages import FRAME
from bench.harness.figures import in_turn, percentile
from bench.harness.history import fill
from bench.harness.programs import cpu_seconds
from bench.harness.reading import reading
from bench.harness.report import Report, Verdict
from bench.harness.scale import Scale
from bench.harness.servers import running_servers
from bench.harness.tocsin import Tocsin, running_tocsin

MIN_FILLED: Final = 2_500  # with fewer incidents figures are not precomputed
WAIT_S: Final = 300.0
FIGURES: Final = 8  # four periods for two audiences
COLUMNS = ("what", "p50 ms", "p95 ms", "most ms")
CLOCK = (
    "Clock: one signed-in reader on an open connection, from request to response, no other load. The"
    " ratio is of PostgreSQL's processor time, for as many of each."
)
# Mean, median and 90th percentile of each measure, computed from the table of incidents.
CARD: Final[LiteralString] = """
select count(*), avg({end} - {start}), percentile_cont(0.5) within group (order by {end} - {start}),
  percentile_cont(0.9) within group (order by {end} - {start})
from incidents_incident
where detected_at >= now() - interval '90 days' and not is_drill and merged_into_id is null
  and {end} >= {start}
"""
PAIRS: Final = (
    ("started_at", "detected_at"), ("detected_at", "acknowledged_at"), ("detected_at", "mitigated_at"),
    ("detected_at", "resolved_at"),
)  # fmt: skip


def standard_periods(scale: Scale) -> Report:
    """Goal 20."""
    count = max(scale.incidents, MIN_FILLED)
    pages = {
        "frame of a page": FRAME,
        "page, 30 days": "/analytics?since=30d",
        "page, 90 days": "/analytics?since=90d",
    }
    with running_servers() as servers, running_tocsin(servers) as tocsin:
        fill(tocsin, count)
        _wait_for_figures(tocsin)
        with reading(tocsin) as reader, tocsin.connect() as connection:
            runs = {name: partial(reader.milliseconds, path) for name, path in pages.items()}
            runs["statements of the cards, 90 days"] = partial(_raw, connection)
            for run in list(runs.values()) * 3:
                run()
            times = in_turn(scale.repetitions * scale.page_views, runs)
            frame, _, page, cards = (_database_seconds(tocsin, run, scale) for run in runs.values())
    _, short, long, _ = times.values()
    verdicts = [
        Verdict("page, 30 days, p95", percentile(short, 95), 60, 25, " ms", more_is_better=False),
        Verdict("page, 90 days, p95", percentile(long, 95), 60, 25, " ms", more_is_better=False),
        Verdict(
            "PostgreSQL, page beyond its frame / statements of its cards",
            max(0.0, page - frame) / cards,
            0.1,
            more_is_better=False,
            unit="×",
        ),
    ]
    rows = [(name, percentile(one, 50), percentile(one, 95), max(one)) for name, one in times.items()]
    return Report(20, f"analytics of {count:,} incidents of a year", COLUMNS, rows, verdicts, CLOCK)


def _database_seconds(tocsin: Tocsin, run: Callable[[], object], scale: Scale) -> float:
    """Return PostgreSQL's processor time for the timed runs."""
    before = cpu_seconds(tocsin.servers.postmaster)
    for _ in range(scale.repetitions * scale.page_views):
        run()
    return cpu_seconds(tocsin.servers.postmaster) - before


def _wait_for_figures(tocsin: Tocsin) -> None:
    """Wait until the worker has computed all figures. Raises RuntimeError when it does not."""
    give_up = time.monotonic() + WAIT_S
    with tocsin.connect() as connection:
        connection.execute("vacuum analyze incidents_incidentmeasure")
        while time.monotonic() < give_up:
            [made] = connection.execute("select count(*) from incidents_precomputedfigures").fetchone() or [0]
            if made == FIGURES:
                return
            time.sleep(1.0)
    raise RuntimeError(f"no figures after {WAIT_S:.0f} s")


def _raw(connection: psycopg.Connection) -> float:
    """Return milliseconds of the statements behind the cards, without the period before and groups."""
    started = time.perf_counter()
    for start, end in PAIRS:
        connection.execute(CARD.replace("{end}", end).replace("{start}", start)).fetchall()
    return (time.perf_counter() - started) * 1e3
