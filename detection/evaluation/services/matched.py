"""Rules matched by the events of a source test, and their counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

from django.db import connection

# The highest id so far: events of the test get higher ones.
_NEWEST: Final[LiteralString] = "select nextval('detection_event_id_seq')"
# Counts are read from the windows' own rows, including the test's.
_MATCHED: Final[LiteralString] = """
with came as (
  select h.rule_id, h.group_key, count(*) came, max(h.occurred_at) at
    from detection_rule_hit h
   where h.workspace_id = %(workspace)s and h.event_id > %(after)s and h.matches
   group by 1, 2)
select r.rule_id, r.name, c.group_key, c.came, r.error_threshold, r.time_window_seconds,
       (select count(*) from detection_rule_hit h
         where h.workspace_id = %(workspace)s and h.rule_id = c.rule_id and h.group_key = c.group_key
           and h.matches and h.occurred_at > c.at - make_interval(secs => r.time_window_seconds)
           and h.occurred_at <= c.at) counted
  from came c join detection_detectionrule r on r.id = c.rule_id and r.workspace_id = %(workspace)s
 order by r.rule_id, c.group_key
"""


@dataclass(frozen=True, slots=True)
class MatchedRule:
    """A rule that matches some of the events: `came` of them now, `counted` of `threshold` in the window."""

    rule_id: str
    name: str
    group: str
    came: int
    threshold: int
    window_seconds: int
    counted: int


def newest_event() -> int:
    """Return a mark: events stored from now on have larger ids."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        return int(cursor.fetchone()[0])


def matched_since(workspace_id: int, mark: int) -> list[MatchedRule]:
    """Return the rules that events stored since `mark` match, the nearest to firing first."""
    with connection.cursor() as cursor:
        cursor.execute(_MATCHED, {"workspace": workspace_id, "after": mark})
        found = [MatchedRule(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda one: -one.counted / one.threshold)
