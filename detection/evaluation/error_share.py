"""Share of errors among the events of sources, from the counts of each minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from core.sql.prepared import rows

MIN_EVENTS: Final = 20  # fewer give no meaningful share

_MINUTES: Final[LiteralString] = """
select coalesce(sum(events), 0)::bigint, coalesce(sum(errors), 0)::bigint from detection_minute_tally
 where workspace_id = %s::bigint and source = any(%s::text[])
   and minute >= %s::timestamptz and minute < %s::timestamptz
"""


class ErrorShare(NamedTuple):
    """Events of sources and how many of them are errors, by the time they happened."""

    events: int
    errors: int

    @property
    def percent(self) -> float | None:
        """Return errors as a percentage of all events; None without events."""
        return 100 * self.errors / self.events if self.events else None

    @property
    def measured(self) -> float | None:
        """Return `percent` if it is meaningful: at least 20 events, not all of them errors.

        A source that reports only errors has no error rate.
        """
        return self.percent if self.events >= MIN_EVENTS and self.errors < self.events else None


def share_of_minutes(
    workspace_id: int, sources: Sequence[str], *, since: datetime, until: datetime
) -> ErrorShare:
    """Return the share over the minutes that begin from `since` until before `until`."""
    [(events, errors)] = rows(_MINUTES, [workspace_id, [*sources], since, until])
    return ErrorShare(events, errors)
