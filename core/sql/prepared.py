"""Prepared, pipelined statements for hot paths.

Django sends each statement as text with its values, which PostgreSQL plans anew, and parses times by pattern;
measured on the drain of a burst, that was half of its cost. Statements here are planned once per connection
and parsed by psycopg's C code. Where a result is not needed before the next statement, they are sent
together: on a busy machine most of a statement's time is the wait for its result.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, LiteralString, NamedTuple, TypeAlias

import orjson
import psycopg
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from psycopg import sql

AnyField: TypeAlias = "models.Field[Any, Any]"


@contextmanager
def pipelined() -> Iterator[None]:
    """Statements inside are sent without waiting for one another, and run in order; nests.

    Only `rows`, `Result.rows` and the end of the outermost block wait. A statement's error is raised at the
    next of these. For use inside a transaction. Raises django.db's errors.
    """
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    if raw.pgconn.pipeline_status != psycopg.pq.PipelineStatus.OFF:
        yield
        return
    with connection.wrap_database_errors, raw.pipeline():
        yield


_PLAN_ONCE: Final[LiteralString] = """
select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)
"""


def plan_once() -> None:
    """For the rest of the transaction, use each statement's first plan, whatever the parameters.

    PostgreSQL would plan queries over partitions anew each time: 1.5 ms for windows found in 0.15 ms. As a
    plan may be made while a table is still empty, sequential scans are disabled.
    """
    send(_PLAN_ONCE)


class Result:
    """Pending result of a sent statement."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def rows(self) -> list[tuple[Any, ...]]:
        """Return all rows, waiting until the statement ran. Raises django.db's errors."""
        with _errors():
            return self._cursor.fetchall()


@contextmanager
def _errors() -> Iterator[None]:
    """Translate to django.db's errors.

    Closes a connection whose statements were prepared for a changed column: PostgreSQL would refuse them on
    it forever.
    """
    with connection.wrap_database_errors:
        try:
            yield
        except psycopg.errors.FeatureNotSupported:
            connection.connection.close()
            raise


def send(query: LiteralString | bytes, params: Sequence[Any] = ()) -> Result:
    """Run one statement on Django's connection, in its transaction.

    Parameters are typed by casts in the query (`%s::bigint[]`). Raises django.db's errors.
    """
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    if connection.queries_logged:  # so that statements are counted wherever Django counts its own
        text = query if isinstance(query, str) else query.decode()
        connection.queries_log.append({"sql": text, "time": "0"})
    cursor = psycopg.Cursor(raw)
    # Only for these: psycopg caches the text of what it might prepare, and Django's texts contain their
    # values.
    usual, raw.prepare_threshold = raw.prepare_threshold, 0
    try:
        with _errors():
            cursor.execute(query, params, prepare=True, binary=True)
    finally:
        raw.prepare_threshold = usual
    return Result(cursor)


def rows(query: LiteralString | bytes, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return all rows of one statement that returns some. Raises django.db's errors."""
    return send(query, params).rows()


class PreparedWrite(NamedTuple):
    """How rows of one model are written: the statement, the fields that are set and the others."""

    query: bytes
    fields: tuple[AnyField, ...]
    others: tuple[AnyField, ...]


@functools.cache
def _insertion(model: type[models.Model], left_out: frozenset[AnyField]) -> PreparedWrite:
    fields = [f for f in model._meta.local_concrete_fields if not (f.primary_key or f.generated)]
    given = tuple(f for f in fields if f not in left_out)
    others = tuple(f for f in model._meta.local_concrete_fields if f not in given)
    query = sql.SQL("insert into {} ({}) select * from json_to_recordset(%s::json) as x({})").format(
        _table(model), _listed(_name(f) for f in given), _listed(_typed(f) for f in given)
    )
    return PreparedWrite(query.as_bytes(), given, others)


@functools.cache
def _update(model: type[models.Model], names: tuple[str, ...]) -> PreparedWrite:
    key: AnyField = model._meta.pk
    fields = {field.name: field for field in model._meta.local_concrete_fields}
    given = tuple(fields[name] for name in names)
    query = sql.SQL(
        "update {0} t set {1} from json_to_recordset(%s::json) as x({2}) where t.{3} = x.{3}"
    ).format(
        _table(model),
        _listed(sql.SQL("{0} = x.{0}").format(_name(f)) for f in given),
        _listed(_typed(f) for f in (key, *given)),
        _name(key),
    )
    return PreparedWrite(query.as_bytes(), (key, *given), ())


def _table(model: type[models.Model]) -> sql.Composable:
    return sql.Identifier(model._meta.db_table)


def _name(field: AnyField) -> sql.Composable:
    return sql.Identifier(field.column)


def _typed(field: AnyField) -> sql.Composable:
    kind: Any = field.db_type(connection)
    return sql.SQL("{} {}").format(_name(field), sql.SQL(kind))


def _listed(parts: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(parts)


def insert(objects: Sequence[models.Model]) -> None:
    """Insert new objects of one model, any number in one statement; like `bulk_create`, but prepared.

    Ids and database defaults are set on them. Raises django.db's errors, and ValueError where one object
    leaves to the database what another one sets.
    """
    if not objects:
        return
    into = _insertion_of(objects)
    names = ", ".join(f'"{f.column}"' for f in into.others)
    results = rows(into.query + f" returning {names}".encode(), [_given(into, objects)])
    for one, result in zip(objects, results, strict=True):
        for field, value in zip(into.others, result, strict=True):
            setattr(one, field.attname, value)
        one._state.adding, one._state.db = False, connection.alias


def write(
    objects: Sequence[models.Model], *, where: LiteralString = "", on_conflict: LiteralString = ""
) -> None:
    """Insert objects that are not used afterwards: their ids are not set, and nothing is waited for.

    `where` is a condition on the row `x`. `on_conflict`: "do nothing", "(…) do update set …".
    """
    if objects:
        into = _insertion_of(objects)
        condition = f" where {where}" if where else ""
        conflict = f" on conflict {on_conflict}" if on_conflict else ""
        send(into.query + (condition + conflict).encode(), [_given(into, objects)])


def update(objects: Sequence[models.Model], fields: tuple[str, ...]) -> None:
    """Write these fields of objects of one model: one statement, not waited for."""
    if objects:
        into = _update(type(objects[0]), fields)
        send(into.query, [_given(into, objects, add=False)])


def _insertion_of(objects: Sequence[models.Model]) -> PreparedWrite:
    left_out = _left_to_the_database(objects[0])
    if any(_left_to_the_database(one) != left_out for one in objects):
        raise ValueError("either all or none of the objects may name a field that the database can fill in")
    return _insertion(type(objects[0]), left_out)


def _left_to_the_database(one: models.Model) -> frozenset[AnyField]:
    fields = one._meta.local_concrete_fields
    return frozenset(f for f in fields if isinstance(one.__dict__.get(f.attname), DatabaseDefault))


def _given(into: PreparedWrite, objects: Sequence[models.Model], *, add: bool = True) -> str:
    """Return the objects' values as JSON that PostgreSQL reads as the columns' types."""
    return orjson.dumps([{f.column: _plain(f, one, add) for f in into.fields} for one in objects]).decode()


def _plain(field: AnyField, one: models.Model, add: bool) -> Any:
    value = field.pre_save(one, add)
    return value if isinstance(field, models.JSONField) else field.get_prep_value(value)
