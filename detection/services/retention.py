"""Partitions ahead of time, and events let go after the retention, except those that incidents count."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

KEYS_AT_ONCE: Final = 20_000
# Windows last an hour at most, events count up to an hour late; the rest is room for a worker that was away.
HITS_KEPT: Final = timedelta(hours=6)
_NAME: Final = re.compile(r"_(\d{8})_(\d\d)$")

_PARTITIONS = "select inhrelid::regclass::text from pg_inherits where inhparent = %s::regclass order by 1"
_OLDEST_WAITING = "select least(%s, (select min(created_at) from detection_outbox))"
_PRUNE_KEYS = """
delete from detection_event_key where ctid = any(array(
  select ctid from detection_event_key where received_at < %s limit %s))
"""
_KEPT = """
create temporary table kept on commit drop as
select e.* from {} e where exists (
  select 1 from detection_incident_event l where l.workspace_id = e.workspace_id and l.event_id = e.id)
"""


def maintain() -> None:
    """Everything, each step its own transaction; run again, it finds nothing left to do."""
    now = timezone.now()
    make_partitions()
    drop_events(before=now - timedelta(days=settings.EVENT_RETENTION_DAYS))
    drop_hits(now=now)
    while prune_keys(before=now - timedelta(days=settings.EVENT_RETENTION_DAYS)):
        pass


def make_partitions() -> int:
    """Days and hours ahead; rows that fell into a default partition meanwhile move over. Answers how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = '5s'")
        cursor.execute("select detection_make_partitions()")
        return int(cursor.fetchone()[0])


def drop_events(*, before: datetime) -> list[str]:
    """Drop whole days that ended before then; events of incidents move to the default partition."""
    expired = _ended("detection_event", timedelta(days=1), before)
    for name in expired:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local lock_timeout = '5s'")
            table = sql.Identifier(name)
            cursor.execute(sql.SQL(_KEPT).format(table))
            cursor.execute(sql.SQL("alter table detection_event detach partition {}").format(table))
            cursor.execute(sql.SQL("drop table {}").format(table))
            cursor.execute("insert into detection_event select * from kept")
    return expired


def drop_hits(*, now: datetime) -> list[str]:
    """Drop whole hours of hits that no window can reach, however long evaluation has been waiting."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_WAITING, [now])
        before = cursor.fetchone()[0] - HITS_KEPT
        cursor.execute("delete from detection_rule_hit_default where occurred_at < %s", [before])
    expired = _ended("detection_rule_hit", timedelta(hours=1), before)
    for name in expired:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local lock_timeout = '5s'")
            cursor.execute(sql.SQL("drop table {}").format(sql.Identifier(name)))
    return expired


def prune_keys(*, before: datetime) -> int:
    """Forget a bounded number of old event_ids; answers how many."""
    with connection.cursor() as cursor:
        cursor.execute(_PRUNE_KEYS, [before, KEYS_AT_ONCE])
        return int(cursor.rowcount)


def _ended(parent: str, width: timedelta, before: datetime) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS, [parent])
        names = [name for (name,) in cursor.fetchall()]
    starts = {name: match for name in names if (match := _NAME.search(name))}
    return [name for name, match in starts.items() if _start(match) + width <= before]


def _start(match: re.Match[str]) -> datetime:
    return datetime.strptime("".join(match.groups()), "%Y%m%d%H").replace(tzinfo=UTC)
