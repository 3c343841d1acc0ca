"""Computes the evidence of incidents from their events and hands it to the incidents app."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from core.sql.prepared import rows
from detection.evaluation.evidence_sql import STALE, SUMMARY, TRAFFIC
from incidents.evidence.services import record_evidence
from incidents.models import IncidentEvidence

MAX_INCIDENTS_AT_ONCE: Final = 100
MAX_EVENTS_OF_A_MINUTE: Final = 200_000
# Ids on either side of the errors of the worst minute, among which its other events are looked for.
ID_MARGIN: Final = 5_000
# An event that counts is received at most an hour after it happened.
RECEIPT_SLACK: Final = timedelta(hours=2)
# Names of one reading in the metadata of events, as monitoring systems spell it.
METRICS: Final[Mapping[str, tuple[str, ...]]] = {
    "cpu": ("cpu", "cpu_percent", "cpu_usage", "cpu_usage_percent"),
    "memory": ("memory", "memory_percent", "memory_usage", "memory_usage_percent"),
    "disk": ("disk", "disk_percent", "disk_usage", "disk_usage_percent"),
    "response_time": ("response_time", "response_time_ms", "latency", "latency_ms", "duration_ms"),
}
_METRIC_NAMES: Final = [name for names in METRICS.values() for name in names]


def refresh_evidence(now: datetime) -> int:
    """Recompute the evidence of incidents whose events grew, at most 100 of them; return how many."""
    most = MAX_INCIDENTS_AT_ONCE
    stale = rows(STALE, [now, now, most, most])
    found: dict[int, list[IncidentEvidence]] = {}
    for workspace_id, incident_id, first_at, last_at in stale:
        evidence = compute_evidence(workspace_id, incident_id, first_at, last_at, now=now)
        found.setdefault(workspace_id, []).append(evidence)
    for workspace_id in sorted(found):
        record_evidence(workspace_id, found[workspace_id])
    return len(stale)


def compute_evidence(
    workspace_id: int, incident_id: int, first_at: datetime, last_at: datetime, *, now: datetime
) -> IncidentEvidence:
    """Unsaved evidence of one incident whose events happened between these two moments."""
    received = [first_at - RECEIPT_SLACK, last_at + RECEIPT_SLACK]
    given = [workspace_id, incident_id, workspace_id, *received, _METRIC_NAMES, _METRIC_NAMES]
    [(count, errors, first_source, types, sources, people, worst, before, after)] = rows(SUMMARY, given)
    types, sources = types or [], sources or []
    made = IncidentEvidence(
        incident_id=incident_id,
        event_count=count,
        error_count=errors,
        first_source=(first_source or "")[:200],
        primary_type=_first_name(types),
        primary_source=_first_name(sources),
        error_distribution={name: n for name, n, _ in types if name},
        source_distribution={name: n for name, n, _ in sources if name},
        metrics_before=_readings(before),
        metrics_after=_readings(after),
        people_affected=people,
        computed_at=now,
    )
    if worst is not None:
        made.peak_at = datetime.fromisoformat(worst[0])
        names = [name for name, _, _ in sources]
        made.peak_error_rate = _error_rate(workspace_id, made.peak_at, (worst[2], worst[3]), names, received)
    return made


def _first_name(counts: Sequence[Sequence[Any]]) -> str:
    """The name with the most errors; the counts are sorted already."""
    return next((str(name)[:200] for name, _, _ in counts if name), "")


def _error_rate(
    workspace_id: int,
    minute: datetime,
    ids: tuple[int, int],
    sources: Sequence[str],
    received: Sequence[datetime],
) -> float | None:
    """Percentage of errors among all events of the sources in that minute; None where there are too many."""
    if ids[1] - ids[0] > MAX_EVENTS_OF_A_MINUTE:
        return None
    given = [workspace_id, ids[0] - ID_MARGIN, ids[1] + ID_MARGIN, *received, [*sources], minute, minute]
    [(total, errors)] = rows(TRAFFIC, given)
    return round(100.0 * errors / total, 1) if total else None


def _readings(metadata: Sequence[Mapping[str, Any]] | str) -> dict[str, float]:
    """The first numeric reading of each metric in these metadata."""
    items = json.loads(metadata) if isinstance(metadata, str) else metadata
    found: dict[str, float] = {}
    for metric, names in METRICS.items():
        values = (item.get(name) for item in items for name in names if name in item)
        numbers = (v for v in values if isinstance(v, int | float) and not isinstance(v, bool))
        if (first := next(numbers, None)) is not None:
            found[metric] = float(first)
    return found
