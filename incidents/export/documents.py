"""Incidents as JSON in the schemas of the API. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from incidents.analysis.selectors import analysis_json
from incidents.lifecycle.rendering import entry_json, incident_json
from incidents.models import AffectedComponent, Analysis, Incident, RoleAssignment, TimelineEntry

_OPTIONS: Final = orjson.OPT_UTC_Z


def listing(
    batches: Iterable[Sequence[Incident]], *, at: datetime, filters: Mapping[str, str]
) -> Iterator[bytes]:
    """Yield `{"exported_at", "filters", "incidents": […], "count"}`.

    Without the count a file is truncated.
    """
    head = orjson.dumps({"exported_at": at, "filters": dict(filters)}, option=_OPTIONS)
    yield head[:-1] + b',"incidents":['
    count = 0
    for batch in batches:
        yield _joined([incident_json(incident) for incident in batch], is_first=count == 0)
        count += len(batch)
    yield b'\n],"count":%d}\n' % count


def record(
    incident: Incident,
    components: Sequence[AffectedComponent],
    roles: Sequence[RoleAssignment],
    batches: Iterable[Sequence[TimelineEntry]],
    *,
    at: datetime,
    analysis: Analysis | None = None,
) -> Iterator[bytes]:
    """Yield one incident as the API shows it, with all role holders and the whole timeline, oldest first."""
    whole = {"exported_at": at, **incident_json(incident)}
    whole["components"] = [
        {"component": a.component.name, "impact": a.impact, "restored_at": a.restored_at} for a in components
    ]
    whole["roles"] = [
        {"role": r.role, "username": r.user.username, "assigned_at": r.assigned_at, "ended_at": r.ended_at}
        for r in roles
    ]
    whole["analysis"] = analysis_json(analysis)
    yield orjson.dumps(whole, option=_OPTIONS)[:-1] + b',"timeline":['
    is_first = True
    for batch in batches:
        yield _joined([entry_json(entry) for entry in batch], is_first=is_first)
        is_first = False
    yield b"\n]}\n"


def _joined(items: Sequence[Mapping[str, Any]], *, is_first: bool) -> bytes:
    text = b",\n".join(orjson.dumps(item, option=_OPTIONS) for item in items)
    return (b"\n" if is_first else b",\n") + text
