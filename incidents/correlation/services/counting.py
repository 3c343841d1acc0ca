"""Adds event counts to incidents in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

from core.sql.prepared import Result, rows, send
from incidents.correlation.detection_signals import JoinedEvents
from incidents.lifecycle.services.incident_numbers import locking_counter

# Counts do not change the version: they are not edits, so no one's edit may be refused because of them. Rows
# are locked in order of id, as everywhere that locks several incidents, which prevents deadlocks.
_COUNT: Final[LiteralString] = """
with more as materialized (
  select id, sum(count) as count, max(last_at) as last_at
    from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) as given(id, count, last_at)
   group by id),
locked as materialized (
  select id from incidents_incident
   where id = any(array(select id from more)) and workspace_id = %s::bigint
   order by id for no key update)
update incidents_incident i
   set event_count = i.event_count + more.count,
       last_event_at = greatest(i.last_event_at, more.last_at),
       updated_at = statement_timestamp()
  from more
 where i.id = more.id and i.id = any(array(select id from locked))
returning i.id, i.number, i.version, i.event_count - more.count, i.event_count, i.is_private
"""

_LOCK: Final[LiteralString] = """
select id from incidents_incident
 where id = any(%s::bigint[]) and workspace_id = %s::bigint
 order by id for no key update
"""
_LOCK_FREE: Final[LiteralString] = _LOCK + " skip locked"


def lock_incidents(workspace_id: int, *, waiting_for: Sequence[int], if_free: Sequence[int]) -> set[int]:
    """Lock incidents by id; those of `if_free` only where no other transaction has them locked.

    Returns the ids of `if_free` that are locked now. Must run in a transaction. Takes the workspace's counter
    first, as `add_joined_events` does.
    """
    locking_counter(workspace_id)
    if waiting_for:
        rows(_LOCK, [list(waiting_for), workspace_id])
    return {pk for (pk,) in rows(_LOCK_FREE, [list(if_free), workspace_id])}


def count_events(workspace_id: int, joined: Sequence[JoinedEvents]) -> Result:
    """Add the counts.

    The result, not waited for, is id, number, version, count before and after, is_private.
    """
    ids = [j.incident_id for j in joined]
    counts, last = [j.count for j in joined], [j.last_at for j in joined]
    return send(_COUNT, [ids, counts, last, workspace_id])
