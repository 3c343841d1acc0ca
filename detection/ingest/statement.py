"""The one statement that stores a flush: keys, new events, their rule hits, and what detection must look at.

One implicit transaction: when it answers, everything it tells of is committed. Keys go in key order, so that
concurrent flushes take the unique index in one order and cannot deadlock; ids follow arrival.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, LiteralString

_STORE: Final[LiteralString] = """
with given as materialized (
  select nextval('detection_event_id_seq') id, x.* from json_to_recordset(%b::json) as x(
    n int, w bigint, k uuid, q boolean, i text, o timestamptz, z boolean, s text, t text, l smallint, m text, c text,
    d jsonb)),
keys as (
  insert into detection_event_key (workspace_id, key)
  select w, k from given where q order by w, k on conflict do nothing returning workspace_id w, key k),
fresh as materialized (
  select given.* from given left join keys using (w, k) where not given.q or keys.k is not null),
events as (
  insert into detection_event (workspace_id, id, occurred_at, level, is_late, event_id, source, event_type, message,
                               correlation_id, metadata)
  select w, id, o, l, z, i, s, t, m, c, d from fresh)
"""
_DETECT: Final[LiteralString] = """,
matched as materialized (
  select fresh.w, fresh.id, fresh.o, h.r, h.g, h.c, h.y
    from json_to_recordset(%b::json) as h(n int, r bigint, g text, c text, y boolean) join fresh using (n)),
hits as (
  insert into detection_rule_hit (workspace_id, rule_id, occurred_at, event_id, matches, group_key, source)
  select w, r, o, id, y, g, c from matched),
touched as (
  insert into detection_outbox (workspace_id, rule_id, group_key, event_ids, occurred, sources)
  select w, r, g, array_agg(id), array_agg(o), array_agg(distinct coalesce(c, g)) from matched where y group by w, r, g)
"""
_ANSWER: Final[LiteralString] = "select n from given except all select n from fresh"

STORE_ONLY: Final[LiteralString] = _STORE + _ANSWER
STORE_AND_DETECT: Final[LiteralString] = _STORE + _DETECT + _ANSWER


class JsonText(bytes):
    """JSON already encoded, handed to PostgreSQL as it is."""


def repeated(rows: Iterable[tuple[int]]) -> set[int]:
    """The ordinals the statement answered with: rows whose key was there already."""
    return {n for (n,) in rows}
