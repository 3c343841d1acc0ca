"""Computes the evidence of incidents from their events and stores it in the incidents app."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from core.redaction import redact
from core.sql.prepared import plan_once, rows
from detection.evaluation.error_share import share_of_minutes
from detection.evaluation.evidence_sql import STALE, SUMMARY
from incidents.evidence.services import record_evidence
from incidents.lifecycle.services.escalating import raise_by_facts
from incidents.lifecycle.severity_matrix import Fact
from incidents.models import IncidentEvidence

MAX_INCIDENTS_AT_ONCE: Final = 100
MAX_FIRST_EVENTS: Final = 20
MAX_MESSAGE_CHARS: Final = 300
MINUTE: Final = timedelta(minutes=1)
# Counted events are received at most an hour after they happened.
RECEIPT_SLACK: Final = timedelta(hours=2)
# Metadata keys of one reading, as monitoring systems spell it.
METRICS: Final[Mapping[str, tuple[str, ...]]] = {
    "cpu": ("cpu", "cpu_percent", "cpu_usage", "cpu_usage_percent"),
    "memory": ("memory", "memory_percent", "memory_usage", "memory_usage_percent"),
    "disk": ("disk", "disk_percent", "disk_usage", "disk_usage_percent"),
    "usage": ("usage_percent", "used_percent"),  # of memory or of a disk, by the type of the incident
    "response_time": ("response_time", "response_time_ms", "latency", "latency_ms", "duration_ms"),
}
_METRIC_NAMES: Final = [name for names in METRICS.values() for name in names]


class Allowance:
    """Seconds that may be spent on evidence: a share of the time that passes, saved up for a while.

    Reading all events of twenty growing incidents again and again took half of a core.
    """

    def __init__(self, share: float = 0.1, max_s: float = 1.0) -> None:
        self.share, self.max_s = share, max_s
        self.left_s, self._seen_at = max_s, time.monotonic()

    def is_left(self) -> bool:
        """Add what has passed since the last call, and return whether something is left."""
        now = time.monotonic()
        self.left_s = min(self.max_s, self.left_s + (now - self._seen_at) * self.share)
        self._seen_at = now
        return self.left_s > 0

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Subtract how long the block takes."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.left_s -= time.monotonic() - began


def refresh_evidence(now: datetime, allowance: Allowance | None = None) -> int:
    """Recompute the evidence of incidents whose events grew, at most 100 of them; return how many.

    Those without evidence are first. The others, the longest unchanged first, wait for a later call when the
    allowance is spent.
    """
    most, allowance = MAX_INCIDENTS_AT_ONCE, allowance or Allowance(max_s=math.inf)
    stale = sorted(rows(STALE, [now, now, most, most]), key=lambda row: (row[4] is not None, row[4] or now))
    found: dict[int, list[IncidentEvidence]] = {}
    shares: dict[int, dict[int, dict[str, Fact]]] = {}
    for workspace_id, incident_id, first_at, last_at, computed_at in stale:
        if not allowance.is_left() and computed_at is not None:
            break
        with allowance.spending():
            evidence = compute_evidence(workspace_id, incident_id, first_at, last_at, now=now)
        found.setdefault(workspace_id, []).append(evidence)
        if (percent := _error_percent(workspace_id, evidence, first_at, last_at)) is not None:
            shares.setdefault(workspace_id, {})[incident_id] = {"error_percent": percent}
    for workspace_id in sorted(found):
        record_evidence(workspace_id, found[workspace_id])
        for incident_id, facts in shares.get(workspace_id, {}).items():
            with transaction.atomic():  # one incident locked at a time: no deadlock
                raise_by_facts(workspace_id, {incident_id: facts})
    return sum(map(len, found.values()))


def _error_percent(
    workspace_id: int, evidence: IncidentEvidence, first_at: datetime, last_at: datetime
) -> float | None:
    """Return the share of errors among all events of the incident's sources while it lasted.

    None: not measured.
    """
    since, until = first_at.replace(second=0, microsecond=0), last_at + MINUTE
    share = share_of_minutes(workspace_id, [*evidence.source_distribution], since=since, until=until)
    return None if share.measured is None else round(share.measured, 1)


def compute_evidence(
    workspace_id: int, incident_id: int, first_at: datetime, last_at: datetime, *, now: datetime
) -> IncidentEvidence:
    """Return unsaved evidence of one incident whose events happened between these two times."""
    received = [first_at - RECEIPT_SLACK, last_at + RECEIPT_SLACK]
    given = [
        workspace_id, *received, workspace_id, incident_id, MAX_FIRST_EVENTS, _METRIC_NAMES, _METRIC_NAMES,
        workspace_id, *received,
    ]  # fmt: skip
    with transaction.atomic():
        plan_once()
        [found] = rows(SUMMARY, given)
    count, errors, first_source, types, sources, people, worst, before, after, first = found
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
        first_events=[_first_event(*one) for one in first],
        metrics_before=_readings(before),
        metrics_after=_readings(after),
        people_affected=people,
        computed_at=now,
    )
    if worst is not None:
        made.peak_at = worst
        names = [name for name, _, _ in sources]
        share = share_of_minutes(workspace_id, names, since=worst, until=worst + MINUTE)
        made.peak_error_rate = None if share.percent is None else round(share.percent, 1)
    return made


def _first_name(counts: Sequence[Sequence[Any]]) -> str:
    """Return the name with the most errors; the counts are already sorted."""
    return next((str(name)[:200] for name, _, _ in counts if name), "")


def _first_event(at: str, source: str, event_type: str, message: str | None) -> dict[str, str]:
    """Return an event as evidence stores it: credentials masked, the message cut."""
    shown = redact(message or "")[:MAX_MESSAGE_CHARS]
    return {"at": at, "source": source, "event_type": event_type, "message": shown}


def _readings(metadata: Sequence[Mapping[str, Any]] | str) -> dict[str, float]:
    """Return the first numeric reading of each metric in these metadata."""
    items = json.loads(metadata) if isinstance(metadata, str) else metadata
    found: dict[str, float] = {}
    for metric, names in METRICS.items():
        values = (item.get(name) for item in items for name in names if name in item)
        numbers = (v for v in values if isinstance(v, int | float) and not isinstance(v, bool))
        if (first := next(numbers, None)) is not None:
            found[metric] = float(first)
    return found
