"""How many of the events of sources are errors, from the counts of each minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from core.sql.prepared import rows

MIN_EVENTS: Final = 20  # fewer tell no share

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
        """Errors of all events; None where there are none."""
        return 100 * self.errors / self.events if self.events else None

    @property
    def measured(self) -> float | None:
        """`percent` where it measures something: of 20 events or more that are not all errors.

        A source that reports nothing but errors has no share of errors.
        """
        return self.percent if self.events >= MIN_EVENTS and self.errors < self.events else None


def share_of_minutes(
    workspace_id: int, sources: Sequence[str], *, since: datetime, until: datetime
) -> ErrorShare:
    """Over the minutes that begin from `since` until before `until`."""
    [(events, errors)] = rows(_MINUTES, [workspace_id, [*sources], since, until])
    return ErrorShare(events, errors)
