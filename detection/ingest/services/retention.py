"""Creates partitions ahead and drops expired events, except those of incidents.

Changing partitions needs a lock that ingest and detection wait for. So each change is a transaction of its
own, holds the lock for a catalogue change only, and gives up waiting for it after a tenth of a second, to be
retried: long readers are never interrupted, and nothing queues behind the lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg import errors, sql

log = structlog.get_logger(__name__)

ROWS_AT_ONCE: Final = 20_000
# Maximum deleted per run of each kind; the next run continues.
MAX_CHUNKS: Final = 50
LOCK_WAIT: Final = "100ms"
LOCK_TRIES: Final = 20
LOCK_PAUSE_S: Final = 0.2
# Windows last an hour at most, events count up to an hour late; the rest is a margin for worker outages.
HIT_RETENTION: Final = timedelta(hours=6)

EVENTS: Final = "detection_event"
HITS: Final = "detection_rule_hit"
_WIDTHS: Final = {EVENTS: timedelta(days=1), HITS: timedelta(hours=1)}

_WANTED = """
select parent, key, lo, width from detection_wanted_partitions()
 where to_regclass(parent || to_char(lo at time zone 'UTC', '_YYYYMMDD_HH24')) is null
"""
# Also those detached by a run that died before it could drop them.
_TABLES = """
select c.relname, c.relispartition from pg_class c
 where c.relkind = 'r' and c.relnamespace = (select relnamespace from pg_class where oid = %s::regclass)
   and c.relname ~ ('^' || %s || '_[0-9]{8}_[0-9]{2}$')
 order by 1
"""
_OLDEST_WAITING = "select least(%s, (select min(created_at) from detection_pending))"
_KEEP = """
insert into detection_event select e.* from {} e where exists (
  select 1 from detection_incident_event l where l.workspace_id = e.workspace_id and l.event_id = e.id)
"""
_PRUNE_EVENTS = """
delete from detection_event_default where ctid = any(array(
  select e.ctid from detection_event_default e where e.received_at < %s and not exists (
    select 1 from detection_incident_event l where l.workspace_id = e.workspace_id and l.event_id = e.id)
  limit %s))
"""
_PRUNE_HITS = """
delete from detection_rule_hit_default where ctid = any(array(
  select ctid from detection_rule_hit_default where occurred_at < %s limit %s))
"""
_PRUNE_KEYS = """
delete from detection_event_key where ctid = any(array(
  select ctid from detection_event_key where received_at < %s limit %s))
"""
_PRUNE_TALLIES = """
delete from detection_event_tally where ctid = any(array(
  select ctid from detection_event_tally where hour < %s limit %s))
"""
_PRUNE_MINUTES = """
delete from detection_minute_tally where ctid = any(array(
  select ctid from detection_minute_tally where minute < %s limit %s))
"""
# New rows reuse the space of old ones, and the summary of a block range never narrows by itself.
_FORGET_RANGES = """
select brin_desummarize_range('detection_event_key_age', block)
  from generate_series(0, pg_relation_size('detection_event_key') / 8192, 128) block
"""
_SUMMARISE = "select brin_summarize_new_values('detection_event_key_age')"


def maintain() -> None:
    """Run all maintenance; repeated, it finds nothing left, or what was locked the last time."""
    now = timezone.now()
    before = now - timedelta(days=settings.EVENT_RETENTION_DAYS)
    make_partitions()
    drop_hits(now=now)
    has_dropped = bool(drop_events(before=before))
    prune_keys(before=before)
    prune_tallies(before=before)
    if has_dropped:
        _renew_key_ages()


def make_partitions() -> int:
    """Create days and hours ahead, moving rows from a default partition. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_WANTED)
        wanted = cursor.fetchall()
    return sum(_briefly("select detection_make_partition(%s, %s, %s, %s)", list(line)) for line in wanted)


def drop_events(*, before: datetime) -> list[str]:
    """Drop whole days that ended before then; events of incidents move to the default partition.

    Events that detection has not processed are never dropped. Between detaching a day and moving its events
    these are invisible for a moment; a run that dies there is completed by the next.
    """
    before = _not_waiting(before)
    dropped = _let_go(EVENTS, before, _keep)
    if dropped:
        # Rows that arrived while there was no partition for their day.
        _in_chunks(_PRUNE_EVENTS, before)
    return dropped


def drop_hits(*, now: datetime) -> list[str]:
    """Drop whole hours of hits that no window can reach, however long evaluation has been waiting."""
    before = _not_waiting(now) - HIT_RETENTION
    _in_chunks(_PRUNE_HITS, before)
    return _let_go(HITS, before, lambda _: None)


def prune_keys(*, before: datetime) -> int:
    """Delete old event_ids, in short transactions; returns how many."""
    return _in_chunks(_PRUNE_KEYS, before)


def prune_tallies(*, before: datetime) -> int:
    """Delete the counts of old hours and minutes; returns how many."""
    return _in_chunks(_PRUNE_TALLIES, before) + _in_chunks(_PRUNE_MINUTES, before)


def _let_go(parent: str, before: datetime, rescue: Callable[[sql.Identifier], None]) -> list[str]:
    """Detach each expired partition, move what must stay by `rescue`, and drop it; both or neither."""
    dropped = []
    for name, is_attached in _ended(parent, before):
        table = sql.Identifier(name)
        detach = sql.SQL("alter table {} detach partition {}").format(sql.Identifier(parent), table)
        if is_attached and not _briefly(detach):
            continue
        with transaction.atomic(), connection.cursor() as cursor:
            rescue(table)
            cursor.execute(sql.SQL("drop table {}").format(table))
        dropped.append(name)
    return dropped


def _keep(table: sql.Identifier) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_KEEP).format(table))


def _briefly(change: str | sql.Composed, params: list[Any] | None = None) -> bool:
    """Run one catalogue change under a short lock; returns False when the table was in use all the time."""
    for _ in range(LOCK_TRIES):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"set local lock_timeout = '{LOCK_WAIT}'")
                cursor.execute(change, params)
        except OperationalError as error:
            if not isinstance(error.__cause__, errors.LockNotAvailable):
                raise
            time.sleep(LOCK_PAUSE_S)
        else:
            return True
    log.warning("partitions.in_use", change=str(params or change))
    return False


def _in_chunks(query: str, before: datetime) -> int:
    """Delete old rows in chunks, each in its own transaction."""
    total = 0
    for _ in range(MAX_CHUNKS):
        with connection.cursor() as cursor:
            cursor.execute(query, [before, ROWS_AT_ONCE])
            total += cursor.rowcount
            if cursor.rowcount < ROWS_AT_ONCE:
                break
    return total


def _renew_key_ages() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_RANGES)
        cursor.execute(_SUMMARISE)


def _not_waiting(moment: datetime) -> datetime:
    """Return `moment`, or when the oldest unprocessed work of detection was stored."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_WAITING, [moment])
        earliest: datetime = cursor.fetchone()[0]
    return earliest


def _ended(parent: str, before: datetime) -> list[tuple[str, bool]]:
    """Return partitions wholly before then, with whether they are still attached."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [parent, parent])
        tables = cursor.fetchall()
    return [(name, attached) for name, attached in tables if _start(name) + _WIDTHS[parent] <= before]


def _start(name: str) -> datetime:
    return datetime.strptime(name[-11:], "%Y%m%d_%H").replace(tzinfo=UTC)
