"""Statements of the hot paths, prepared and answered in binary.

Django sends each statement as one text with its values in it, which PostgreSQL plans anew, and reads times
by pattern; measured on the drain of a burst, that was half of its cost. What runs here is planned once for
each connection and read by psycopg's C code.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple, TypeAlias

import orjson
import psycopg
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from psycopg import sql

AnyField: TypeAlias = "models.Field[Any, Any]"


def rows(query: LiteralString | bytes, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of one statement, on Django's connection and in its transaction.

    Parameters are typed by casts in the query (`%s::bigint[]`). Raises django.db's errors.
    """
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    if connection.queries_logged:  # so that statements are counted wherever Django counts its own
        said = query if isinstance(query, str) else query.decode()
        connection.queries_log.append({"sql": said, "time": "0"})
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(query, params, prepare=True, binary=True)
        return cursor.fetchall() if cursor.description else []


class Inserted(NamedTuple):
    """How rows of one model are written: the statement up to its conflicts, the fields given and answered."""

    query: bytes
    fields: tuple[AnyField, ...]
    answered: tuple[AnyField, ...]


@functools.cache
def _into(model: type[models.Model], left_out: frozenset[AnyField]) -> Inserted:
    fields = [f for f in model._meta.local_concrete_fields if not (f.primary_key or f.generated)]
    given = tuple(f for f in fields if f not in left_out)
    answered = tuple(f for f in model._meta.local_concrete_fields if f not in given)
    columns = [sql.Identifier(f.column) for f in given]
    typed = [sql.SQL("{} {}").format(c, _type(f)) for c, f in zip(columns, given, strict=True)]
    query = sql.SQL("insert into {} ({}) select * from json_to_recordset(%s::json) as x({})").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(columns), sql.SQL(", ").join(typed)
    )
    return Inserted(query.as_bytes(), given, answered)


def _type(field: AnyField) -> sql.Composable:
    name: Any = field.db_type(connection)
    return sql.SQL(name)


def insert(objects: Sequence[models.Model], *, on_conflict: LiteralString = "") -> None:
    """Write new objects of one model, any number in one statement; like `bulk_create`, but prepared.

    They get their ids and what the database fills in, unless `on_conflict` ("do nothing", "(…) do update
    set …") says that some may not be written. Raises django.db's errors, and ValueError where one object
    leaves to the database what another one names.
    """
    if not objects:
        return
    left_out = _left_to_the_database(objects[0])
    if any(_left_to_the_database(one) != left_out for one in objects):
        raise ValueError("either all or none of the objects may name a field that the database can fill in")
    into = _into(type(objects[0]), left_out)
    given = orjson.dumps([{f.column: _plain(f, one) for f in into.fields} for one in objects]).decode()
    if on_conflict:
        rows(into.query + f" on conflict {on_conflict}".encode(), [given])
        return
    names = ", ".join(f'"{f.column}"' for f in into.answered)
    for one, answer in zip(objects, rows(into.query + f" returning {names}".encode(), [given]), strict=True):
        for field, value in zip(into.answered, answer, strict=True):
            setattr(one, field.attname, value)
        one._state.adding, one._state.db = False, connection.alias


def _left_to_the_database(one: models.Model) -> frozenset[AnyField]:
    fields = one._meta.local_concrete_fields
    return frozenset(f for f in fields if isinstance(one.__dict__.get(f.attname), DatabaseDefault))


def _plain(field: AnyField, one: models.Model) -> Any:
    """A field's value as JSON that PostgreSQL reads as the column's type."""
    value = field.pre_save(one, add=True)
    return value if isinstance(field, models.JSONField) else field.get_prep_value(value)
