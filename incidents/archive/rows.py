"""Reads, deletes and inserts the rows of a part as JSON that PostgreSQL writes and reads itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import connection
from psycopg import sql

from incidents.archive.parts import Part

ROWS_AT_ONCE: Final = 2_000
_READ: Final = """
select t.{key}, to_jsonb(t)::text from {table} t
 where t.workspace_id = %(workspace)s and ({where}) and t.{key} > %(after)s
 order by t.{key} limit %(limit)s
"""
_DELETE: Final = """
with gone as (
  delete from {table} t where t.workspace_id = %(workspace)s and ({where}) and t.{key} = any(%(keys)s)
  returning t.{key} as key, to_jsonb(t)::text as row)
select row from gone order by key
"""
_INSERT: Final = """
insert into {table} ({columns}) overriding system value
select {columns} from jsonb_populate_recordset(null::{table}, %(rows)s::jsonb) on conflict do nothing
"""
_COLUMNS: Final = """
select attname from pg_attribute
 where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = ''
"""


def read_rows(part: Part, workspace_id: int, incident_id: int) -> Iterator[tuple[int, str]]:
    """Yield (key, row as JSON) in the order of the key."""
    query, after = _query(_READ, part), -1
    while True:
        given = {**_of(workspace_id, incident_id), "after": after, "limit": ROWS_AT_ONCE}
        with connection.cursor() as cursor:
            cursor.execute(query, given)
            found = cursor.fetchall()
        yield from found
        if len(found) < ROWS_AT_ONCE:
            return
        after = found[-1][0]


def delete_rows(part: Part, workspace_id: int, incident_id: int, keys: Sequence[int]) -> Iterator[str]:
    """Delete the rows with these keys, sorted; yield each deleted row."""
    query = _query(_DELETE, part)
    for start in range(0, len(keys), ROWS_AT_ONCE):
        given = {**_of(workspace_id, incident_id), "keys": list(keys[start : start + ROWS_AT_ONCE])}
        with connection.cursor() as cursor:
            cursor.execute(query, given)
            for (row,) in cursor.fetchall():
                yield row


def insert_rows(part: Part, rows: Sequence[str]) -> int:
    """Insert missing rows with their keys; return how many. New columns get their defaults."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [part.table])
        known = json.loads(rows[0]).keys()
        columns = [name for (name,) in cursor.fetchall() if name in known]
        query = sql.SQL(_INSERT).format(
            table=sql.Identifier(part.table), columns=sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        cursor.execute(query, {"rows": f"[{','.join(rows)}]"})
        return int(cursor.rowcount)


def _query(text: Any, part: Part) -> sql.Composed:
    names = {"table": sql.Identifier(part.table), "key": sql.Identifier(part.key)}
    return sql.SQL(text).format(**names, where=sql.SQL(part.where))


def _of(workspace_id: int, incident_id: int) -> dict[str, Any]:
    return {"workspace": workspace_id, "incident": incident_id}
