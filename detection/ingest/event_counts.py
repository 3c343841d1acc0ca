"""Hourly event counts by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, LiteralString

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.prepared import rows
from detection.models import Level

# Each connection counts in rows of its own: a few for each hour and level, found by the primary key.
_TALLIES: Final[LiteralString] = """
select hour, level, sum(count)::bigint from detection_event_tally
 where workspace_id = %s::bigint and hour >= %s::timestamptz group by hour, level
"""


def events_per_hour(actor: Actor, hours: Sequence[datetime]) -> Mapping[Level, tuple[int, ...]]:
    """Return for each level the number of events received in each of these consecutive hours: one statement.

    `hours` begin at full hours of UTC. Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    counts = {(hour, level): n for hour, level, n in rows(_TALLIES, [actor.workspace_id, hours[0]])}
    return {level: tuple(counts.get((hour, level.value), 0) for hour in hours) for level in Level}
