"""Per-workspace lock that serializes opening, joining and reopening, and numbers incidents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, LiteralString

from core.sql.prepared import pipelined, send
from incidents.models import IncidentCounter

_MAKE: Final[LiteralString] = """
insert into incidents_incidentcounter (workspace_id, last_number)
select given.id, 0 from (select %s::bigint as id) given
 where not exists (select from incidents_incidentcounter where workspace_id = given.id)
on conflict do nothing
"""

_LOCK: Final[LiteralString] = (
    "select last_number, opens_drills from incidents_incidentcounter"
    " where workspace_id = %s::bigint for update"
)
_TAKE: Final[LiteralString] = (
    "update incidents_incidentcounter set last_number = %s::bigint where workspace_id = %s::bigint"
)


def lock_counter(workspace_id: int) -> IncidentCounter:
    """Lock and return the workspace's counter until the transaction ends.

    Code that touches several incidents, or could create a second unresolved one, takes this lock before any
    incident's row; code for a single incident takes only that row. Hence no cycles and no deadlocks. A rolled
    back opening returns its number, as the counter rolls back with it: no gaps.
    """
    with pipelined():
        return locking_counter(workspace_id)()


def locking_counter(workspace_id: int) -> Callable[[], IncidentCounter]:
    """`lock_counter` without waiting: later statements see the state under the lock."""
    send(_MAKE, [workspace_id])
    locked = send(_LOCK, [workspace_id])

    def counter() -> IncidentCounter:
        [(last, opens_drills)] = locked.rows()
        fields = ["workspace_id", "last_number", "opens_drills"]
        return IncidentCounter.from_db("default", fields, [workspace_id, last, opens_drills])

    return counter


def take_numbers(counter: IncidentCounter, count: int) -> range:
    """Take the next `count` numbers, written to the locked counter."""
    first = counter.last_number + 1
    counter.last_number += count
    send(_TAKE, [counter.last_number, counter.workspace_id])
    return range(first, first + count)
