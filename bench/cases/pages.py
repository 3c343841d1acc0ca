"""Goals 14 and 15: the cost of pages depends neither on their depth nor on the amount of data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from html import unescape

from bench.harness.figures import in_turn, median, percentile
from bench.harness.history import fill, lengthen, settle
from bench.harness.reading import Reader, reading
from bench.harness.report import Report, Verdict
from bench.harness.scale import Scale
from bench.harness.servers import running_servers
from bench.harness.tocsin import running_tocsin

NEXT = re.compile(r'href="(/incidents\?[^"]*)"[^>]*rel="next"')
CHATTER = 50
# Signed in, with the layout every page has and few queries of its own: a lower bound for all pages.
FRAME = "/account/password"
COLUMNS = ("page", "p50 ms", "p95 ms", "most ms", "KiB")
CLOCK = "Clock: one signed-in reader on an open connection, from request to response, no other load."


def deep_and_long(scale: Scale) -> Report:
    """Goal 14."""
    short, long = 1, 2
    with _filled(scale) as (reader, more):
        more(short, CHATTER)
        more(long, scale.entries)
        deep = _deep(reader, scale.deep)
        paths = {
            "list, first page": "/incidents",
            f"list at row {scale.deep:,}": deep,
            f"incident, {CHATTER} entries": f"/incidents/INC-{short}",
            f"incident, {scale.entries:,} entries": f"/incidents/INC-{long}",
        }
        times, sizes = _times(reader, paths, scale), _sizes(reader, paths)
    first, deeper, plain, longer = (median(found) for found in times.values())
    verdicts = [
        Verdict(f"row {scale.deep:,} / first page", deeper / first, 2, 1, "×", more_is_better=False),
        Verdict(f"{scale.entries:,} / {CHATTER} entries", longer / plain, 1.3, 1, "×", more_is_better=False),
    ]
    title = f"pages deep down in {scale.incidents:,} incidents and of a long incident"
    return Report(14, title, COLUMNS, _rows(times, sizes), verdicts, CLOCK)


def with_a_long_past(scale: Scale) -> Report:
    """Goal 15."""
    middle = scale.incidents // 2
    paths = {
        "frame of a page": FRAME,
        "dashboard": "/",
        "list": "/incidents",
        "list, active, worst first": "/incidents?status=active&sort=severity",
        "list, one component, longest first": "/incidents?component=service-7&sort=duration",
        "list, searched": "/incidents?search=region+11",
        "list, three filters": "/incidents?severity=sev1,sev2&type=error_burst&project=p3&since=30d",
        "incident": f"/incidents/INC-{middle}",
    }
    with _filled(scale) as (reader, _):
        times, sizes = _times(reader, paths, scale), _sizes(reader, paths)
    verdicts = [
        Verdict(f"{name}, p95", percentile(found, 95), 60, 25, " ms", more_is_better=False)
        for name, found in times.items()
        if paths[name] != FRAME
    ]
    title = f"server time of pages with {scale.incidents:,} incidents"
    return Report(15, title, COLUMNS, _rows(times, sizes), verdicts, CLOCK)


@contextmanager
def _filled(scale: Scale) -> Iterator[tuple[Reader, Callable[[int, int], None]]]:
    """Return a reader of a Tocsin with history, and a function that adds entries to incident `n`."""
    with running_servers() as servers, running_tocsin(servers) as tocsin:
        fill(tocsin, scale.incidents)

        def more(number: int, entries: int) -> None:
            lengthen(tocsin, number, entries)
            settle(tocsin)

        with reading(tocsin) as reader:
            yield reader, more


def _deep(reader: Reader, rows: int) -> str:
    """Return the URL of the page that begins after so many rows, found by following the links."""
    path, seen = "/incidents", 0
    while seen < rows:
        found = NEXT.search(reader.get(path))
        if found is None:
            raise RuntimeError(f"the list ends after {seen} rows")
        path, seen = unescape(found[1]), seen + 50
    return path


def _times(reader: Reader, paths: Mapping[str, str], scale: Scale) -> dict[str, list[float]]:
    """Return milliseconds of every page in turn, after a warm-up."""
    for path in list(paths.values()) * 3:
        reader.get(path)
    gets = {name: partial(reader.milliseconds, path) for name, path in paths.items()}
    return in_turn(scale.repetitions * scale.page_views, gets)


def _sizes(reader: Reader, paths: Mapping[str, str]) -> dict[str, float]:
    return {name: len(reader.get(path).encode()) / 1024 for name, path in paths.items()}


def _rows(times: Mapping[str, Sequence[float]], sizes: Mapping[str, float]) -> list[tuple[str | float, ...]]:
    return [
        (name, percentile(found, 50), percentile(found, 95), max(found), sizes[name])
        for name, found in times.items()
    ]
