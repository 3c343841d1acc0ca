"""Statements of the hot paths, prepared and answered in binary.

Django sends each statement as one text with its values in it, which PostgreSQL plans anew, and reads times
by pattern; measured on the drain of a burst, that was half of its cost. What runs here is planned once for
each connection and read by psycopg's C code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from django.db import connection


def rows(query: LiteralString, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of one statement, on Django's connection and in its transaction.

    Parameters are typed by casts in the query (`%s::bigint[]`). Raises django.db's errors.
    """
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    if connection.queries_logged:  # so that statements are counted wherever Django counts its own
        connection.queries_log.append({"sql": query, "time": "0"})
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(query, params, prepare=True, binary=True)
        return cursor.fetchall() if cursor.description else []
