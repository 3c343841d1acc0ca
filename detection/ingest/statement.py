"""The statement that stores a batch: keys, new events, rule hits, pending groups.

It also counts the events of each hour and level, and of each minute and source, in rows that no other
connection writes.

One implicit transaction: when it returns, everything is committed. Keys are written in order, so that
concurrent statements take the unique index in one order and cannot deadlock; ids follow arrival.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import orjson
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper

from detection.evaluation.matching import Ruleset
from detection.ingest.parsing import ParsedEvent

_STORE: Final[LiteralString] = """
with given as materialized (
  select nextval('detection_event_id_seq') id, x.* from json_to_recordset(%b::json) as x(
    n bigint, w bigint, k uuid, q boolean, i text, o timestamptz, z boolean, s text, t text, l smallint,
    m text, c text, d jsonb)),
keys as (
  insert into detection_event_key (workspace_id, key)
  select w, k from given where q order by w, k on conflict do nothing returning workspace_id w, key k),
fresh as materialized (
  select given.* from given left join keys using (w, k) where not given.q or keys.k is not null),
events as (
  insert into detection_event (workspace_id, id, occurred_at, level, is_late, event_id, source, event_type,
                               message, correlation_id, metadata)
  select w, id, o, l, z, i, s, t, m, c, d from fresh),
tally as (
  insert into detection_event_tally as tally (workspace_id, hour, level, writer, count)
  select w, date_trunc('hour', now(), 'UTC'), l, pg_backend_pid(), count(*) from fresh group by w, l
  on conflict (workspace_id, hour, level, writer) do update set count = tally.count + excluded.count)
"""
# Late events count in no rate, as no rule counts them.
MINUTES: Final[LiteralString] = """,
minutes as (
  insert into detection_minute_tally as tally (workspace_id, source, minute, writer, events, errors)
  select w, s, date_trunc('minute', o, 'UTC'), pg_backend_pid(), count(*), count(*) filter (where l >= 3)
    from fresh where not z group by 1, 2, 3
  on conflict (workspace_id, source, minute, writer)
  do update set events = tally.events + excluded.events, errors = tally.errors + excluded.errors)
"""
_DETECT: Final[LiteralString] = """,
matched as materialized (
  select fresh.w, fresh.id, fresh.o, h.r, h.g, h.c, h.y
    from json_to_recordset(%b::json) as h(n bigint, r bigint, g text, c text, y boolean)
    join fresh using (n)),
hits as (
  insert into detection_rule_hit (workspace_id, rule_id, occurred_at, event_id, matches, group_key, source)
  select w, r, o, id, y, g, c from matched),
touched as (
  insert into detection_pending (workspace_id, rule_id, group_key, event_ids, occurred, sources)
  select w, r, g, array_agg(id), array_agg(o), array_agg(distinct coalesce(c, g))
    from matched where y group by w, r, g)
"""
_RETURN_REPEATED: Final[LiteralString] = "select n from given except all select n from fresh"
_RETURN_IDS: Final[LiteralString] = "select i, id from fresh"

STORE_ONLY: Final[LiteralString] = _STORE + MINUTES + _RETURN_REPEATED
STORE_AND_DETECT: Final[LiteralString] = _STORE + MINUTES + _DETECT + _RETURN_REPEATED
# The same, returning the event_id and the id of each new event.
STORE_RETURNING_IDS: Final[LiteralString] = _STORE + MINUTES + _DETECT + _RETURN_IDS


class JsonText(bytes):
    """Encoded JSON that is sent to PostgreSQL unchanged."""


class JsonTextDumper(Dumper):
    """psycopg dumper of `JsonText` as type json."""

    format = pq.Format.BINARY
    oid = 114

    def dump(self, obj: Buffer) -> Buffer:
        return obj


@dataclass(slots=True)
class EncodedBatch:
    """One request's events, encoded; ordinals run from `base` to `base + count - 1`.

    `keys`: event ids chosen by the sender, by workspace; `inside`: number of duplicates within the request.
    """

    base: int
    count: int
    inside: int
    keys: set[tuple[int, str]]
    rows: bytes
    hits: bytes


def encode(workspace_id: int, events: Sequence[ParsedEvent], ruleset: Ruleset, base: int) -> EncodedBatch:
    """Encode events, each key once, with the hits of those young enough to count."""
    keys: set[tuple[int, str]] = set()
    rows: list[dict[str, Any]] = []
    hits: list[dict[str, Any]] = []
    for event in events:
        if event.keyed:
            if (key := (workspace_id, event.key)) in keys:
                continue
            keys.add(key)
        ordinal = base + len(rows)
        rows.append(_row(ordinal, workspace_id, event))
        if not event.late:
            hits += [
                {"n": ordinal, "r": rule, "g": group, "c": source, "y": matches}
                for rule, group, source, matches in ruleset.hits(event)
            ]
    inside = len(events) - len(rows)
    return EncodedBatch(base, len(rows), inside, keys, orjson.dumps(rows)[1:-1], orjson.dumps(hits)[1:-1])


def _row(ordinal: int, workspace_id: int, event: ParsedEvent) -> dict[str, Any]:
    return {
        "n": ordinal, "w": workspace_id, "k": event.key, "q": event.keyed, "i": event.event_id,
        "o": event.occurred_at, "z": event.late, "s": event.source, "t": event.event_type, "l": event.level,
        "m": event.message, "c": event.correlation_id, "d": event.metadata,
    }  # fmt: skip


def command(batches: Sequence[EncodedBatch]) -> tuple[LiteralString, list[JsonText]]:
    """Return the statement and parameters that store these batches; their keys must not overlap."""
    rows = JsonText(b"[" + b",".join([p.rows for p in batches]) + b"]")
    hits = b",".join([p.hits for p in batches if p.hits])
    return (STORE_AND_DETECT, [rows, JsonText(b"[" + hits + b"]")]) if hits else (STORE_ONLY, [rows])


def repeats(batches: Sequence[EncodedBatch], duplicates: Iterable[tuple[int]]) -> list[int]:
    """Return the number of duplicates in each batch, from the ordinals the statement returned."""
    counts = [batch.inside for batch in batches]
    # A batch encoded in a thread may follow one with later ordinals.
    order = sorted(range(len(batches)), key=lambda place: batches[place].base)
    bases = [batches[place].base for place in order]
    for (ordinal,) in duplicates:
        counts[order[bisect_right(bases, ordinal) - 1]] += 1
    return counts
