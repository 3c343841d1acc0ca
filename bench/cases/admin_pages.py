"""Goal 19: the cost of an admin page does not depend on the size of its table."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from html import unescape
from typing import Final, LiteralString

from bench.harness.figures import in_turn, median
from bench.harness.history import settle
from bench.harness.posting import Poster, event
from bench.harness.reading import Reader, reading
from bench.harness.report import Report, Verdict
from bench.harness.rows import multiply
from bench.harness.scale import Scale
from bench.harness.servers import running_servers
from bench.harness.tocsin import Tocsin, running_tocsin

FEW: Final = 200  # more than the 50 of one page, so that both sizes show as many rows
# Table -> (its list, columns that differ from copy to copy).
TABLES: Final[dict[str, tuple[str, Mapping[str, LiteralString]]]] = {
    "incidents_incident": (
        "incidents/incident", {"number": "1000 + n", "fingerprint": "lpad(n::text, 64, '0')"}),
    "incidents_timelineentry": ("incidents/timelineentry", {"request_key": "''"}),
    "accounts_auditentry": ("accounts/auditentry", {}),
    "core_outboxevent": ("core/outboxevent", {}),
    "core_outboxdispatch": ("core/outboxdispatch", {"subscriber": "'copy-' || n"}),
    "detection_finding": ("detection/finding", {"group_key": "'group-' || n"}),
    "detection_event": ("detection/event", {"id": "1000000 + n"}),
    "detection_incident_event": ("detection/incidentevent", {"event_id": "1000000 + n"}),
}  # fmt: skip
LINK: Final = re.compile(r'href="(\?[^"#]+)"')
# A word in many rows, one in none, and a number.
SEARCHED: Final = ("error", "nothing-like-it", "1100")
FAR: Final = "?p=far"
COLUMNS: Final = ("list", "links", "median ms, few", "many", "dearest link", "times")
NOTE: Final = (
    "Each list, its second and its hundredth page, three searches, every filter; each against itself when its"
    " table was small. All copies are alike: words are looked for in 20,000 rows that do not have them, and"
    " most filters read their table through."
)


def lists(scale: Scale) -> Report:
    """Goal 19."""
    with _seeded() as (tocsin, reader):
        _fill(tocsin, (1, FEW))
        paths = [path for page, _ in TABLES.values() for path in _links(reader, f"/admin/{page}/")]
        few = _medians(reader, paths, scale, FEW)
        _fill(tocsin, (FEW + 1, scale.incidents))
        reader.close()  # idle connections are closed by the server; the next request opens another
        many = _medians(reader, paths, scale, scale.incidents)
    grown = {path: many[path] / few[path] for path in paths}
    rows = [_row(f"/admin/{page}/", few, many, grown) for page, _ in TABLES.values()]
    turned = {path for path in paths if path.endswith(("/", "?p=2", FAR))}
    verdicts = [
        Verdict(f"{name}, many / few rows", max(grown[p] for p in some), must, aim, "×", more_is_better=False)
        for name, some, must, aim in (
            ("dearest page of a list", turned, 3, 1.5),
            ("dearest search or filter", set(paths) - turned, 10, 3),
        )
    ]
    return Report(19, f"the admin over {scale.incidents:,} rows a table", COLUMNS, rows, verdicts, NOTE)


@contextmanager
def _seeded() -> Iterator[tuple[Tocsin, Reader]]:
    """Start a Tocsin with at least one row in every table."""
    with running_servers() as servers, running_tocsin(servers) as tocsin:
        poster, source = Poster(tocsin.port, tocsin.authorization), uuid.uuid4().hex
        for _ in range(12):
            poster.send([event(source)])
        tocsin.wait_until_detected()
        with reading(tocsin) as reader:
            yield tocsin, reader


def _fill(tocsin: Tocsin, span: tuple[int, int]) -> None:
    with tocsin.connect() as connection:
        for table, (_, changed) in TABLES.items():
            multiply(connection, table, changed, span)
    settle(tocsin)


def _links(reader: Reader, page: str) -> list[str]:
    """Return the list itself, its links (filters, order and pages), and searches."""
    found = {page + unescape(link) for link in LINK.findall(reader.get(page)) if "p=" not in link}
    return [page, f"{page}?p=2", f"{page}{FAR}", *(f"{page}?q={word}" for word in SEARCHED), *sorted(found)]


def _medians(reader: Reader, paths: list[str], scale: Scale, rows: int) -> dict[str, float]:
    """Return medians. The last page measured is the hundredth, the last one of an admin list."""
    last = f"?p={min(100, rows // 50)}"
    gets = {path: partial(reader.milliseconds, path.replace(FAR, last)) for path in paths}
    for get in gets.values():
        get()
    return {path: median(found) for path, found in in_turn(scale.repetitions, gets).items()}


def _row(
    page: str, few: Mapping[str, float], many: Mapping[str, float], grown: Mapping[str, float]
) -> tuple[str | float, ...]:
    mine = [path for path in grown if path.startswith(page)]
    worst = max(mine, key=lambda path: grown[path])
    description = worst.removeprefix(page) or "the list itself"
    return (
        page,
        len(mine),
        median(few[p] for p in mine),
        median(many[p] for p in mine),
        description,
        grown[worst],
    )
