"""Reads the events for an analysis: at most 5,000 of an incident, the same ones each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from django.db import transaction

from core.sql.prepared import plan_once, rows
from detection.analysis.categories import Line
from detection.analysis.text import MAX_LINE_CHARS
from detection.evaluation.member_events import SLACK
from detection.ingest.parsing import DEFAULT_TYPE
from detection.levels import LEVEL_LABELS
from detection.models import Level
from detection.rules.event_types import FACT_NAMES
from incidents.merging.family import family_of

FIRST, LAST, SPREAD = 2_000, 1_000, 2_000
_SPAN: Final[LiteralString] = """
select count(*), min(occurred_at), max(occurred_at) from detection_incident_event
 where workspace_id = %s::bigint and incident_id = any(%s::bigint[])
"""
# Bounds on received_at are constants, so that only the partitions of those days are read. With the limit,
# every plan looks up each event by its key: without statistics, PostgreSQL read all of a new partition.
_SAMPLE: Final[LiteralString] = """
with link as materialized (
  select event_id, occurred_at from detection_incident_event
   where workspace_id = %s::bigint and incident_id = any(%s::bigint[])),
picked as (
  (select event_id from link order by occurred_at, event_id limit %s::int)
  union (select event_id from link order by occurred_at desc, event_id desc limit %s::int)
  union (select event_id from link order by hashint8(event_id), event_id limit %s::int))
select e.id, e.occurred_at, e.source, e.event_type, e.level, left(e.message, %s::int), e.correlation_id,
       case when e.metadata ?| %s::text[] then e.metadata else '{}'::jsonb end
  from picked
 cross join lateral (
   select * from detection_event d
    where d.workspace_id = %s::bigint and d.id = picked.event_id
      and d.received_at >= %s::timestamptz and d.received_at < %s::timestamptz
    limit 1) e
 order by e.occurred_at, e.id
"""


@dataclass(frozen=True, slots=True)
class SampledEvent:
    """One event of an incident; with metadata only if it has measurements."""

    id: int
    occurred_at: datetime
    source: str
    event_type: str
    level: Level
    message: str
    correlation_id: str
    metadata: dict[str, Any]

    def line(self) -> Line:
        """Return the event as the category rules see it."""
        kind = "" if self.event_type == DEFAULT_TYPE else self.event_type
        return Line(self.message, kind, LEVEL_LABELS[self.level], self.source)


@dataclass(frozen=True, slots=True)
class Sample:
    """Events in the order in which they happened; `counted`: the incident's total number."""

    events: Sequence[SampledEvent] = ()
    counted: int = 0


def sample_of(workspace_id: int, incident_id: int) -> Sample:
    """Return the first 2,000 events, the last 1,000, and 2,000 spread by hash, of the whole family."""
    family = [*family_of(workspace_id, incident_id)]
    [(count, first_at, last_at)] = rows(_SPAN, [workspace_id, family])
    if not count:
        return Sample()
    given = [
        workspace_id, family, FIRST, LAST, SPREAD, MAX_LINE_CHARS, [*FACT_NAMES],
        workspace_id, first_at - SLACK, last_at + SLACK,
    ]  # fmt: skip
    with transaction.atomic():
        plan_once()
        read = rows(_SAMPLE, given)
    found = [
        SampledEvent(pk, at, source, kind, Level(level), message, correlation, metadata)
        for pk, at, source, kind, level, message, correlation, metadata in read
    ]
    return Sample(found, count)
