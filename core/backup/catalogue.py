"""Lists tables, partitions and sequences from PostgreSQL's catalogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from core.backup.manifest import LEFT_OUT

_TABLES: Final = """
select c.relname, array_agg(a.attname::text order by a.attnum)
  from pg_class c join pg_attribute a on a.attrelid = c.oid
 where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
 group by 1 order by 1
"""
_PARTITIONS: Final = """
select p.relname, c.relname, pg_get_expr(c.relpartbound, c.oid)
  from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
 where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relispartition
   and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'
 order by 1, 2
"""
_SEQUENCES: Final = """
select sequencename, last_value from pg_sequences
 where schemaname = current_schema() and last_value is not null order by 1
"""
_PARTITION: Final = re.compile(r"(\w+)_\d{8}_\d{2}")


def ask(query: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query on Django's connection."""
    with connection.cursor() as cursor:
        cursor.execute(query, params or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def tables() -> dict[str, tuple[str, ...]]:
    """Name -> columns that can be written, of every table whose rows a backup holds."""
    return {name: tuple(columns) for name, columns in _all_tables().items() if _is_kept(name)}


def detached() -> dict[str, list[str]]:
    """Parent -> partitions that were taken out and not dropped yet; their rows belong to the parent."""
    found: dict[str, list[str]] = {}
    for name in _all_tables():
        if match := _PARTITION.fullmatch(name):
            found.setdefault(match[1], []).append(name)
    return found


def partitions() -> list[tuple[str, str, str]]:
    """(parent, name, bound), the default partitions left out: migrations make those."""
    return [(parent, name, bound) for parent, name, bound in ask(_PARTITIONS)]


def sequences() -> dict[str, int]:
    """Name -> last value, of those that were ever asked for one."""
    return {name: int(last) for name, last in ask(_SEQUENCES) if name != "django_migrations_id_seq"}


def every_table() -> list[str]:
    """Every table that is no partition, those that no backup holds too."""
    return list(_all_tables())


def _all_tables() -> dict[str, list[str]]:
    return dict(ask(_TABLES))


def _is_kept(name: str) -> bool:
    return name not in LEFT_OUT and not _PARTITION.fullmatch(name)
