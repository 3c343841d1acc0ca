"""`python -m bench bundles`: inspection, upload and log viewer of large diagnostic bundles.

A Tocsin as `make run` starts it, with its own object storage. Each figure has its yardstick in the same run:
`unzip -t` (Python's), a direct upload to the storage, and unpacking a log to its line. Exit status 1 if a
bound is missed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx

from bench.harness.figures import median, percentile
from bench.harness.machine import facts
from bench.harness.servers import running_servers
from bench.harness.tocsin import Tocsin, running_tocsin
from bench.inside.goal import Outcome
from config.paths import ROOT
from tests.bundles.test_inspection import bundle, written

LOG: Final = "logs/app.log"
LINES: Final = 1_000_000
VIEWS: Final = 20
PATIENCE_S: Final = 300.0


def log_of(lines: int, seed: int) -> bytes:
    """Log lines of about 105 bytes of which three quarters compress away."""
    dice = random.Random(seed)
    return b"".join(
        b"2026-11-30T08:%02d:%02d.%03dZ INFO request %08x of shop-%d to /orders/%016x took %4d ms\n"
        % (
            n // 60_000 % 60,
            n // 1000 % 60,
            n % 1000,
            dice.getrandbits(32),
            n % 9,
            dice.getrandbits(64),
            n % 997,
        )
        for n in range(lines)
    )


def archive_of(bundle_id: str, logs: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A bundle with these logs, as the collector writes it."""
    return written(bundle([*logs.items()], json.dumps(metadata_of(bundle_id)).encode()), compress_type=method)


def metadata_of(bundle_id: str) -> dict[str, Any]:
    """What a bundle says of itself."""
    return {"bundle_id": bundle_id, "os": "linux", "created_at": "2026-11-30T08:00:00Z", "format": 1}


def announced(tocsin: Tocsin, data: bytes, bundle_id: str, *, direct: bool) -> dict[str, Any]:
    """Announce a bundle; returns the ticket for its upload."""
    body = {
        "bundle_id": bundle_id, "file_name": "bench.zip", "size": len(data), "direct": direct,
        "sha256": hashlib.sha256(data).hexdigest(), "summary": "Bench", "metadata": metadata_of(bundle_id),
    }  # fmt: skip
    return dict(_call(tocsin, "POST", "/bundles", json=body)["ticket"])


def _call(tocsin: Tocsin, method: str, path: str, **request: Any) -> Any:
    headers = {"Authorization": tocsin.authorization}
    response = httpx.request(method, f"{tocsin.base}/api/v1{path}", headers=headers, timeout=120, **request)
    if response.is_error:
        raise RuntimeError(f"{method} {path}: {response.status_code} {response.text[:500]}")
    return response.json()


def _put(tocsin: Tocsin, ticket: dict[str, Any], data: bytes) -> float:
    """Upload; returns the seconds."""
    began = time.perf_counter()
    address = urljoin(tocsin.base, ticket["url"])
    response = httpx.put(address, content=data, headers=ticket["headers"], timeout=120)
    if response.is_error:
        raise RuntimeError(f"upload: {response.status_code} {response.text[:500]}")
    return time.perf_counter() - began


def inspection(_: Tocsin) -> Iterator[Outcome]:
    """B6: a bundle of about 50 MB with 200 MB of logs, against reading it with its checksums."""
    bundle_id = str(uuid.uuid4())
    entries = {f"logs/app-{n}.log": log_of(LINES // 4, n) for n in range(8)}
    size = sum(map(len, entries.values()))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bundle.zip"
        file.write_bytes(archive_of(bundle_id, entries))
        ours, report = _cpu_s([sys.executable, "-m", "bundles.inspection.child", str(file)])
        plain, _ = _cpu_s([sys.executable, "-m", "zipfile", "-t", str(file)])
        packed = file.stat().st_size
    if "refused" in json.loads(report):
        raise RuntimeError(f"refused: {report[:500]!r}")
    sizes = f"{packed / 1e6:.0f} MB with {size / 1e6:.0f} MB"
    scan = size / 1e6 / (ours - plain)
    yield Outcome(f"{sizes}: seconds a MB of scan beyond reading it ({scan:.1f} MB/s)", 1 / scan, "s", 1 / 4)


def _cpu_s(argv: list[str]) -> tuple[float, bytes]:
    before = os.times()
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, check=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, ran.stdout


def viewer(tocsin: Tocsin) -> Iterator[Outcome]:
    """B8: the first page and that of line 1,000,000 of a log of 100 MB, against unpacking it up to there."""
    bundle_id = str(uuid.uuid4())
    log = log_of(LINES, 1)
    data = archive_of(bundle_id, {LOG: log})
    _put(tocsin, announced(tocsin, data, bundle_id, direct=True), data)
    _call(tocsin, "POST", f"/bundles/{bundle_id}/complete")
    _wait(lambda: _call(tocsin, "GET", f"/bundles/{bundle_id}")["status"] == "ready")

    def page(start: int) -> float:
        began = time.perf_counter()
        query = {"path": LOG, "start": start}
        shown = _call(tocsin, "GET", f"/bundles/{bundle_id}/lines", params=query)
        if shown["lines"][0]["number"] != start:
            raise RuntimeError(f"line {shown['lines'][0]['number']} instead of {start}")
        return (time.perf_counter() - began) * 1000

    last = LINES - 400
    first_views = [page(last) for _ in range(16)]  # each web process unpacks it once
    yield Outcome("first view of the last lines", max(first_views), "ms", 5_000)
    for start in (1, last):
        yield Outcome(
            f"page of line {start:,}, p95", percentile([page(start) for _ in range(VIEWS)], 95), "ms", 150
        )
    began = time.perf_counter()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(LOG) as entry:
        for _ in entry:
            pass
    print(f"           unpacking it to its last line: {(time.perf_counter() - began) * 1000:.0f} ms")


def upload(tocsin: Tocsin) -> Iterator[Outcome]:
    """B7: 100 MB by our endpoint, against the storage itself."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(3):
        for direct, found in times.items():
            bundle_id = str(uuid.uuid4())
            data = archive_of(bundle_id, {LOG: random.randbytes(100_000_000)}, zipfile.ZIP_STORED)
            found.append(_put(tocsin, announced(tocsin, data, bundle_id, direct=direct), data))
    ours, theirs = median(times[False]), median(times[True])
    yield Outcome(f"100 MB by us {ours:.2f} s / by the storage {theirs:.2f} s", ours / theirs, "×", 2)


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("the bundle was not inspected in time")
        time.sleep(0.5)


GOALS: Final = {"B6": inspection, "B8": viewer, "B7": upload}


def main() -> int:
    """Measure on fresh servers; arguments are the goals, by default all."""
    outcomes = []
    with ExitStack() as stack:
        tocsin = stack.enter_context(running_tocsin(stack.enter_context(running_servers())))
        for name in sys.argv[1:] or GOALS:
            for outcome in GOALS[name](tocsin):
                print(f"{name:4} {outcome}", flush=True)
                outcomes.append(outcome)
    print(", ".join(f"{name} {value}" for name, value in facts().items()))
    return 0 if all(one.passed for one in outcomes) else 1
