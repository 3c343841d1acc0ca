"""Incidents as CSV (RFC 4180), safe against formula injection. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from core.http.csv_stream import is_formula
from incidents.lifecycle.rendering import entry_json, incident_json
from incidents.models import Incident, TimelineEntry

BOM: Final = "\ufeff"
COLUMNS: Final = (
    "reference", "title", "severity", "status", "stage", "incident_type", "category", "components",
    "commander", "project", "labels", "source", "is_drill", "event_count", "started_at", "detected_at",
    "acknowledged_at", "acknowledged_by", "mitigated_at", "resolved_at", "closed_at", "last_event_at",
    "mttd", "mtta", "mttr", "impact", "root_cause", "users_impacted", "description", "version", "url",
)  # fmt: skip
TIMELINE_COLUMNS: Final = (
    "incident", "title", "severity", "status", "occurred_at", "kind", "is_public", "author", "message",
)  # fmt: skip
# Our own mark is escaped as well, so that removing one apostrophe from a marked cell restores the value.
_MARK: Final = "'"


def table(batches: Iterable[Sequence[Incident]], *, with_bom: bool) -> Iterator[bytes]:
    """Yield a header, then a row for each incident, in pieces of one batch; lines end in CRLF.

    Excel reads UTF-8 only after a byte order mark, which most programs do not expect: the caller decides.
    """
    yield (BOM if with_bom else "").encode() + _lines([COLUMNS])
    for batch in batches:
        yield _lines(_cells(_row(incident), COLUMNS) for incident in batch)


def timeline_table(
    incident: Incident, batches: Iterable[Sequence[TimelineEntry]], *, with_bom: bool
) -> Iterator[bytes]:
    """Yield one incident's timeline, a row for each entry, oldest first."""
    yield (BOM if with_bom else "").encode() + _lines([TIMELINE_COLUMNS])
    of = {"incident": incident.reference, "title": incident.title}
    of |= {"severity": incident.severity, "status": incident.status}
    for batch in batches:
        yield _lines(_cells(of | entry_json(entry), TIMELINE_COLUMNS) for entry in batch)


def _row(incident: Incident) -> dict[str, Any]:
    row = incident_json(incident)
    row["components"] = "; ".join(row["affected_components"])
    row["commander"] = row["assigned_to"]
    row["labels"] = json.dumps(row["labels"], ensure_ascii=False, sort_keys=True) if row["labels"] else ""
    return row


def _cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    return [cell(row[name]) for name in columns]


def cell(value: object) -> str:
    """Return a value as text: times in ISO 8601 with Z, true and false, nothing for None.

    Formulas disarmed.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
    text = str(value)
    return f"{_MARK}{text}" if is_formula(text) or text.startswith(_MARK) else text


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()
