"""Goals 6 and 7: time from an event to its committed incident."""

from __future__ import annotations

import time
import uuid

from bench.harness.figures import median, percentile
from bench.harness.findings import FindingListener, listening
from bench.harness.posting import Poster, event, steady_load
from bench.harness.report import Report, Verdict
from bench.harness.scale import Scale
from bench.harness.servers import Servers, running_servers
from bench.harness.tocsin import BATCH, Tocsin, running_tocsin

THRESHOLD = 5  # of the built-in rule "service_errors"
CLAIM_MS = 1_000  # promised elsewhere for 100 events
Probe = tuple[float, float | None]  # ms of the POST, ms until the incident was committed (None: never)


def under_load(scale: Scale) -> Report:
    """Goal 6."""
    with running_servers() as servers:
        runs = [_probe_under_load(servers, scale) for _ in range(scale.repetitions)]
    rows = [_row(i, reached, probes) for i, (reached, probes) in enumerate(runs, 1)]
    p50, p99 = (median(percentile(_incidents(probes), n) for _, probes in runs) for n in (50, 99))
    verdicts = [
        Verdict("event to incident, p50", p50, 50, 15, " ms", more_is_better=False),
        Verdict("event to incident, p99", p99, 100, 50, " ms", more_is_better=False),
        Verdict("incidents that never came", _lost(runs), 0, None, more_is_better=False),
    ]
    columns = ("run", "events/s beside", "probes", "incident p50 ms", "p99 ms", "POST p50 ms", "p99 ms")
    title = f"event to committed incident at {scale.steady_rate:,} events/s"
    return Report(6, title, columns, rows, verdicts)


def burst(scale: Scale) -> Report:
    """Goal 7."""
    with running_servers() as servers:
        runs = [_probe_bursts(servers, scale) for _ in range(scale.repetitions)]
    rows = [_row(i, 0, probes) for i, (_, probes) in enumerate(runs, 1)]
    p99 = median(percentile(_incidents(probes), 99) for _, probes in runs)
    verdicts = [
        Verdict("a claim of 1 s / p99", CLAIM_MS / p99, 20, 60, "×"),
        Verdict("incidents that never came", _lost(runs), 0, None, more_is_better=False),
    ]
    columns = ("run", "events/s beside", "bursts", "incident p50 ms", "p99 ms", "POST p50 ms", "p99 ms")
    return Report(7, "a burst of 100 events to its incident, idle", columns, rows, verdicts)


def _probe_under_load(servers: Servers, scale: Scale) -> tuple[float, list[Probe]]:
    with running_tocsin(servers) as tocsin:
        return probe_beside_load(tocsin, scale)


def probe_beside_load(tocsin: Tocsin, scale: Scale) -> tuple[float, list[Probe]]:
    """Measure single events beside a stream. Returns the stream's rate too."""
    with listening(tocsin) as ear:
        poster = Poster(tocsin.port, tocsin.authorization)
        _probe(poster, ear, 1)
        with steady_load(tocsin, scale.steady_rate) as load:
            time.sleep(scale.openings_s)
            poster.connection.close()  # the server has closed a connection that was idle for 30 s
            end, probes = time.monotonic() + scale.probe_seconds, list[Probe]()
            while time.monotonic() < end:
                probes.append(_probe(poster, ear, 1))
                time.sleep(scale.probe_pause)
            return load.reached(), probes


def _probe_bursts(servers: Servers, scale: Scale) -> tuple[float, list[Probe]]:
    with running_tocsin(servers) as tocsin:
        return 0.0, probe_bursts(tocsin, scale.bursts, scale.burst_pause)


def probe_bursts(tocsin: Tocsin, count: int, pause_s: float) -> list[Probe]:
    """Measure bursts of 100 errors, each of its own source and `pause_s` after the last one's incident."""
    with listening(tocsin) as ear:
        poster = Poster(tocsin.port, tocsin.authorization)
        _probe(poster, ear, BATCH)
        probes = []
        for _ in range(count):
            time.sleep(pause_s)
            probes.append(_probe(poster, ear, BATCH))
        return probes


def _probe(poster: Poster, ear: FindingListener, last: int) -> Probe:
    """Bring a new source to its threshold; the clock starts before the POST of the last `last` events."""
    source = f"probe-{uuid.uuid4().hex[:12]}"
    for _ in range(max(0, THRESHOLD - last)):
        poster.send([event(source)])
    started = time.perf_counter()
    post = poster.send([event(source) for _ in range(last)])
    opened_at = ear.opened(source)
    return post * 1e3, None if opened_at is None else (opened_at - started) * 1e3


def _incidents(probes: list[Probe]) -> list[float]:
    return [incident for _, incident in probes if incident is not None]


def _lost(runs: list[tuple[float, list[Probe]]]) -> int:
    return sum(incident is None for _, probes in runs for _, incident in probes)


def _row(run: int, reached: float, probes: list[Probe]) -> tuple[float, ...]:
    incidents, posts = _incidents(probes), [post for post, _ in probes]
    return (
        run,
        reached,
        len(probes),
        percentile(incidents, 50),
        percentile(incidents, 99),
        percentile(posts, 50),
        percentile(posts, 99),
    )
