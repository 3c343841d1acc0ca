"""Creates many rows quickly: the newest row of a table, copied inside PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import sql

# Columns of a table to copy; generated and identity columns are left out.
COLUMNS: LiteralString = """
select column_name from information_schema.columns
where table_schema = 'public' and table_name = %s and is_generated = 'NEVER'
  and (column_name <> 'id' or is_identity = 'NO' and column_default is null)
order by ordinal_position
"""
COPY: LiteralString = """
insert into {table} ({columns}) select {values}
from generate_series(%(first)s::int, %(last)s::int) n, (select * from {table} order by {key} desc limit 1) t
"""


def multiply(
    connection: psycopg.Connection, table: str, changed: Mapping[str, LiteralString], span: tuple[int, int]
) -> None:
    """Copy the newest row of `table` once for each number of `span`.

    `changed`: column -> SQL over `n`, the number of the copy, and `t`, the row. Raises RuntimeError when
    there is no row to copy.
    """
    copied = [row[0] for row in connection.execute(COLUMNS, [table]).fetchall() if row[0] not in changed]
    names = [sql.Identifier(name) for name in (*copied, *changed)]
    values = [sql.Identifier("t", name) for name in copied] + [sql.SQL(text) for text in changed.values()]
    statement = sql.SQL(COPY).format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(names),
        values=sql.SQL(", ").join(values),
        key=sql.Identifier("event_id" if table == "detection_incident_event" else "id"),
    )
    copied = connection.execute(statement, {"first": span[0], "last": span[1]}).rowcount
    if copied == 0:
        raise RuntimeError(f"{table} has no row to copy")
    connection.execute(sql.SQL("vacuum analyze {}").format(sql.Identifier(table)))
