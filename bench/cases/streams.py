"""Goal 13: the cost of one more open page, in memory and in processor time per frame."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import redis

from bench.harness.browsing import sign_in
from bench.harness.figures import in_turn, median, percentile
from bench.harness.programs import cpu_seconds, proportional_bytes
from bench.harness.report import Cell, Report, Verdict
from bench.harness.scale import Scale
from bench.harness.servers import Servers, running_servers
from bench.harness.tocsin import Tocsin, running_tocsin

MARK = b"event: signal"
REFRESH = b'"refresh"'  # sent to viewers that connect before the process subscribes
OPEN_AT_ONCE = 50
GAP_S = 0.5  # a viewer gets at most four frames per second
OPEN_FILES = 30_000


@dataclass(frozen=True, slots=True)
class Fanout:
    """One run: streams that opened, share of frames received, KiB and microseconds, latencies in ms."""

    opened: int
    received: float
    kib_a_viewer: float
    us_a_frame: float
    p50: float
    p99: float


def fan_out(scale: Scale) -> Report:
    """Goal 13."""
    _allow_many_files(OPEN_FILES)
    with running_servers() as servers:
        found = in_turn(
            scale.repetitions,
            {f"{n:,}": partial(_run, servers, scale, n) for n in scale.viewers},
        )
    few, many = (found[f"{n:,}"] for n in scale.viewers)
    cost = [median(run.us_a_frame for run in runs) for runs in (few, many)]
    lost = max(1 - run.received for runs in (few, many) for run in runs)
    first, last = scale.viewers
    all_few, all_many = (median(run.kib_a_viewer for run in runs) for runs in (few, many))
    # What the first ones take besides is for serving streams at all: pools, threads, caches.
    memory = (last * all_many - first * all_few) / (last - first)
    growth = f"CPU a frame, {last:,} / {first:,} viewers"
    verdicts = [
        Verdict(growth, cost[1] / cost[0], 1.3, None, "×", more_is_better=False),
        Verdict("memory of each further viewer", memory, 40, None, " KiB", more_is_better=False),
        Verdict("frames lost, worst run", 100 * lost, 0, None, " %", more_is_better=False),
    ]
    rows: list[tuple[Cell, ...]] = [(name, *_middle(runs)) for name, runs in found.items()]
    columns = ("viewers", "opened", "frames got %", "KiB a viewer", "CPU µs a frame", "p50 ms", "p99 ms")
    return Report(13, "live signals to many open pages", columns, rows, verdicts)


def _middle(runs: list[Fanout]) -> tuple[float, ...]:
    return (
        median(run.opened for run in runs),
        100 * median(run.received for run in runs),
        median(run.kib_a_viewer for run in runs),
        median(run.us_a_frame for run in runs),
        median(run.p50 for run in runs),
        median(run.p99 for run in runs),
    )


def _run(servers: Servers, scale: Scale, viewers: int) -> Fanout:
    with running_tocsin(servers) as tocsin:
        cookie = sign_in(tocsin)
        return asyncio.run(_watch(tocsin, cookie, viewers, scale.updates))


class ViewerGroup:
    """All viewers of one run and the arrival times of their frames."""

    def __init__(self) -> None:
        self.opened = 0
        self.delays: list[float] = []

    def has(self, viewers: int) -> bool:
        """Return whether that many streams are open."""
        return self.opened >= viewers


class Viewer(asyncio.Protocol):
    """One open page. A signal's version is when it was sent, so each frame reveals its latency."""

    def __init__(self, crowd: ViewerGroup, cookie: str) -> None:
        self.crowd, self.cookie = crowd, cookie
        self.rest, self.started = b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            self.transport = transport
            head = f"GET /live?topics=incidents HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self.cookie}\r\n\r\n"
            transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        if not self.started and data.startswith(b"HTTP/1.1 200"):
            self.started = True
            self.crowd.opened += 1
        self.rest += data
        *frames, self.rest = self.rest.split(b"\n\n")
        now = time.time() * 1e3
        for frame in frames:
            if MARK in frame and REFRESH not in frame:
                sent = json.loads(frame[frame.index(b"data: ") + 6 :].splitlines()[0])["version"]
                self.crowd.delays.append(now - sent)


async def _watch(tocsin: Tocsin, cookie: str, viewers: int, updates: int) -> Fanout:
    crowd, pid = ViewerGroup(), tocsin.program.child.pid
    before = proportional_bytes(pid)
    open_viewers = await _open(tocsin, crowd, cookie, viewers)
    memory = proportional_bytes(pid) - before
    spent = cpu_seconds(pid)
    await _signal(tocsin, updates)
    await _until(lambda: len(crowd.delays) >= viewers * updates, 10)
    spent = cpu_seconds(pid) - spent
    for viewer in open_viewers:
        viewer.transport.abort()
    frames = max(1, len(crowd.delays))
    return Fanout(
        crowd.opened,
        len(crowd.delays) / (viewers * updates),
        memory / 1024 / viewers,
        spent / frames * 1e6,
        percentile(crowd.delays, 50),
        percentile(crowd.delays, 99),
    )


async def _open(tocsin: Tocsin, crowd: ViewerGroup, cookie: str, viewers: int) -> list[Viewer]:
    loop, found = asyncio.get_running_loop(), list[Viewer]()
    for start in range(0, viewers, OPEN_AT_ONCE):
        count = min(OPEN_AT_ONCE, viewers - start)
        made = [
            loop.create_connection(lambda: Viewer(crowd, cookie), "127.0.0.1", tocsin.port)
            for _ in range(count)
        ]
        found += [viewer for _, viewer in await asyncio.gather(*made)]
        await _until(partial(crowd.has, start + count), 30)
    await asyncio.sleep(1)
    return found


async def _signal(tocsin: Tocsin, updates: int) -> None:
    """Return what the live subscriber publishes when the list of incidents changed."""
    with tocsin.connect() as connection:
        row = connection.execute("select id from accounts_workspace order by id limit 1").fetchone()
    workspace = row[0] if row else 0
    with redis.Redis.from_url(tocsin.servers.valkey.url()) as client:
        for _ in range(updates):
            signal = {"workspace": workspace, "topics": ["incidents"], "version": int(time.time() * 1e3)}
            client.publish(f"tocsin:live:{workspace}", json.dumps(signal))
            await asyncio.sleep(GAP_S)


async def _until(met: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        await asyncio.sleep(0.05)


def _allow_many_files(count: int) -> None:
    """Raise the limit of open files as far as possible; servers started later inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, most), most))
