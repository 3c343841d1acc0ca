"""Goal 12: every burst opens exactly one incident, whatever is repeated, shuffled or killed."""

from __future__ import annotations

import itertools
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.harness.place import ROOT
from bench.harness.posting import Poster, event
from bench.harness.programs import Program
from bench.harness.report import Report, Verdict
from bench.harness.rules import RuleShape, add_rules, switch_all_off
from bench.harness.scale import Scale
from bench.harness.servers import Servers, running_servers
from bench.harness.tocsin import Tocsin, running_tocsin

HITS, WINDOW = 10, 300
KIND = "bench.exact"
# Kind of group: (events, seconds from the first to the last, whether an incident must open).
GROUPS = {"yes": (HITS, WINDOW - 1, True), "few": (HITS - 1, 100, False), "slow": (HITS, WINDOW + 1, False)}
WRITERS, EXTRA_WORKERS = 4, 2
COUNT = """
select count(*) filter (where c.name like 'yes-%%'), count(*) filter (where c.name not like 'yes-%%'),
  count(*) - count(distinct c.name), count(*) filter (where i.event_count <> %s)
from incidents_incident i join incidents_affectedcomponent a on a.incident_id = i.id
join incidents_component c on c.id = a.component_id
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """One run: events lost or stored twice, incidents missed, wrongly opened, opened twice, miscounted."""

    events_off: int
    missed: int
    wrong: int
    doubled: int
    miscounted: int


def check(scale: Scale) -> Report:
    """Goal 12."""
    with running_servers() as servers:
        runs = [_run(servers, scale.exact_groups) for _ in range(scale.exact_runs)]
    rows = [(i, *astuple(run)) for i, run in enumerate(runs, 1)]
    faults = ("events lost or doubled", "missed", "wrongly opened", "doubled", "miscounted")
    verdicts = [
        Verdict(f"{fault} in {len(runs)} runs", sum(row[i] for row in rows), 0, None, more_is_better=False)
        for i, fault in enumerate(faults, 1)
    ]
    columns = ("run", *faults)
    groups = scale.exact_groups * len(GROUPS)
    note = f"{groups:,} groups a run; repeats, shuffled times, a detection worker killed."
    return Report(12, "exactly one incident a burst", columns, rows, verdicts, note)


def _run(servers: Servers, groups: int) -> Tally:
    events = _events(groups)
    with running_tocsin(servers) as tocsin, ExitStack() as workers:
        switch_all_off(tocsin)
        add_rules(tocsin, RuleShape("exact", KIND, HITS, WINDOW))
        time.sleep(1)
        victim, *_ = [workers.enter_context(_worker(tocsin, i)) for i in range(EXTRA_WORKERS)]
        writers = _start_writers(tocsin, _requests(events))
        time.sleep(0.5)
        victim.kill()
        workers.enter_context(_worker(tocsin, EXTRA_WORKERS))
        for writer in writers:
            writer.join()
        tocsin.wait_until_detected()
        time.sleep(2)  # one more beat, which would process duplicates
        return _tally(tocsin, groups, len(events))


def _events(groups: int) -> list[dict[str, Any]]:
    now, made = datetime.now(UTC), []
    for number, (kind, (count, span, _)) in itertools.product(range(groups), GROUPS.items()):
        for i in range(count):
            at = now - timedelta(seconds=span * i / (count - 1))
            more = {"event_type": KIND, "timestamp": at.isoformat()}
            made.append(event(f"{kind}-{number}", "info", **more))
    random.shuffle(made)
    return made


def _requests(events: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Return batches of all sizes, each with a duplicate, half of them sent twice, in any order."""
    parts, start = [], 0
    while start < len(events):
        size = random.choice((1, 3, 20, 100))
        parts.append(events[start : start + size])
        start += size
    parts += random.sample(parts, len(parts) // 2)
    random.shuffle(parts)
    return iter([part + part[:1] for part in parts])


def _start_writers(tocsin: Tocsin, requests: Iterator[list[dict[str, Any]]]) -> list[threading.Thread]:
    lock = threading.Lock()

    def write() -> None:
        poster = Poster(tocsin.port, tocsin.authorization)
        while True:
            with lock:
                batch = next(requests, None)
            if batch is None:
                return
            poster.send(batch)

    writers = [threading.Thread(target=write, daemon=True) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    return writers


def _worker(tocsin: Tocsin, number: int) -> Program:
    """Run a second detection worker."""
    argv = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-Q", "detection", "-c", "1"]
    argv += ["-n", f"bench-{number}@%h", "-l", "ERROR", "--without-gossip", "--without-mingle"]
    return Program(f"worker-{number}", argv, env=tocsin.program.env, cwd=ROOT)


def _tally(tocsin: Tocsin, groups: int, events: int) -> Tally:
    with tocsin.connect() as connection:
        stored = connection.execute("select count(*) from detection_event").fetchone()
        found = connection.execute(COUNT, [HITS]).fetchone()
    if stored is None or found is None:
        raise RuntimeError("the database did not respond")
    opened, wrong, doubled, miscounted = found
    return Tally(abs(stored[0] - events), max(0, groups - (opened - doubled)), wrong, doubled, miscounted)
