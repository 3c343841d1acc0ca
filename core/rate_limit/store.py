"""Rate-limit counters: one row per key and window, updated atomically."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, LiteralString

from django.db.models.functions import Now

from core.models import Allowance
from core.sql.prepared import rows, send

_CONSUME: Final[LiteralString] = """
with request as (
  select %s::text as name, %s::bigint as wanted, %s::bigint as most, %s::bigint as seconds),
present as (
  select *, to_timestamp(floor(extract(epoch from clock_timestamp()) / seconds) * seconds) as window_at
    from request)
insert into core_allowance as c (name, window_at, used, granted)
select name, window_at, least(wanted, most), least(wanted, most) from present
on conflict (name) do update set
  granted = case when c.window_at = excluded.window_at
    then greatest(0, least((select wanted from request), (select most from request) - c.used))
    else excluded.granted end,
  used = case when c.window_at = excluded.window_at
    then c.used + greatest(0, least((select wanted from request), (select most from request) - c.used))
    else excluded.used end,
  window_at = excluded.window_at
returning granted
"""
_RELEASE: Final[LiteralString] = """
update core_allowance set used = greatest(0, used - %s::bigint) where name = %s::text
"""

# A time in the future is from before the clock was set back. The clock is read after the row is locked: the
# time of a worker that waits for the lock is before that of the one it waits for.
_TURN: Final[LiteralString] = """
insert into core_allowance as c (name, window_at, used, granted)
values (%s::text, clock_timestamp(), 1, 1)
on conflict (name) do update set window_at = clock_timestamp()
  where c.window_at not between clock_timestamp() - %s::interval and clock_timestamp()
returning granted
"""


def take_turn(name: str, gap_s: float) -> bool:
    """Return whether `gap_s` seconds have passed since the last turn of this name; then this is the next.

    For receivers that count from call to call: two windows may be used a moment apart. Raises DatabaseError.
    """
    return bool(rows(_TURN, [name, timedelta(seconds=gap_s)]))


def consume(name: str, most: int, *, wanted: int = 1, window_s: int = 1) -> int:
    """Return how many of `wanted` are granted: up to the rest of `most` in this window of `window_s` seconds.

    Raises django's DatabaseError.
    """
    [(granted,)] = rows(_CONSUME, [name, wanted, most, window_s])
    return int(granted)


def release(name: str, amount: int = 1) -> None:
    """Return unused units to the current window."""
    send(_RELEASE, [amount, name])


def prune(*, keep: timedelta = timedelta(days=1)) -> int:
    """Delete counters that have not been used lately; returns how many."""
    deleted, _ = Allowance.objects.filter(window_at__lt=Now() - keep).delete()
    return deleted
