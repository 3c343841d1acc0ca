"""Compiles Django queries to SQL once and runs them as prepared statements.

Building a query costs 1 to 4 ms of Python in Django each time and 1 ms of planning in PostgreSQL, for results
found in a fraction of that. Queries are still written once, with Django's ORM.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, ParamSpec, TypeVar, cast

from django.db import connection, models
from django.db.models import query as reading
from psycopg import sql

from core.sql.prepared import rows

P = ParamSpec("P")
M = TypeVar("M", bound=models.Model)
R = TypeVar("R")
Row = tuple[Any, ...]
_populators: Final = vars(reading)["get_related_populators"]  # missing from Django's stubs

# Placeholder of a value while the SQL is generated: within the range of an integer column, and unlike any
# constant of a query.
_STAND_INS: Final[dict[type, Callable[[int], Any]]] = {
    int: lambda n: 2_147_480_000 + n,
    str: lambda n: f"\x01 value {n}",
    datetime: lambda n: datetime(1800, 1, 1, tzinfo=UTC) + timedelta(seconds=n),
    list: lambda n: [2_147_481_000 + n],
}


def compiled(
    *kinds: type[int] | type[str] | type[datetime] | type[list[int]],
) -> Callable[[Callable[P, models.QuerySet[M, R]]], Callable[P, list[R]]]:
    """Decorator: turn a function that builds a query into one that returns its rows.

    Built at the first call only. `kinds` are those of its arguments: int, str, datetime, or list for
    `core.sql.expressions.among`. Arguments may only be values in the query, not change its structure.
    Supports whole objects, with `only`, `select_related` and annotations, and `values_list`; not network
    addresses, which psycopg converts in its own way. Raises django.db's errors, and TypeError for unsupported
    queries.
    """

    def make(build: Callable[P, models.QuerySet[M, R]]) -> Callable[P, list[R]]:
        return cast("Callable[P, list[R]]", Compiled(build, kinds))

    return make


class Compiled(Generic[M, R]):
    """A compiled query and how to read its rows."""

    def __init__(self, build: Callable[..., models.QuerySet[M, R]], kinds: Sequence[type]) -> None:
        self.build = build
        self._kinds = kinds
        self._ready: tuple[bytes, list[Callable[[Sequence[Any]], Any]], Callable[[Row], R]] | None = None

    def __call__(self, *values: Any) -> list[R]:
        """Return the rows for these values, in the order of the kinds."""
        if self._ready is None:
            self._ready = self._compile()
        query, params, read = self._ready
        return [read(row) for row in rows(query, [param(values) for param in params])]

    def _compile(self) -> tuple[bytes, list[Callable[[Sequence[Any]], Any]], Callable[[Row], R]]:
        connection.ensure_connection()  # needed to quote literals
        stand_ins = [_STAND_INS[kind](n) for n, kind in enumerate(self._kinds)]
        found = self.build(*stand_ins)
        compiler = found.query.get_compiler(connection=connection)
        text, given = compiler.as_sql()
        parts, params = [], []
        for value in given:
            if value in stand_ins:
                parts.append("%s")
                params.append(_param(stand_ins.index(value), value))
            else:  # a condition of a partial index is recognized by its text only
                parts.append(sql.Literal(value).as_string(connection.connection).replace("%", "%%"))
        query = text.replace("%%", "%%%%") % tuple(parts)
        return query.encode(), params, _reader(found, compiler)


def _param(position: int, stand_in: Any) -> Callable[[Sequence[Any]], Any]:
    """Return a function that takes one parameter from the values.

    Numbers are cast as wide as their columns.
    """
    if isinstance(stand_in, list):
        width = type(stand_in[0])
        return lambda values: [width(value) for value in values[position]]
    if isinstance(stand_in, int):
        number = type(stand_in)
        return lambda values: number(values[position])
    return lambda values: values[position]


def _reader(found: models.QuerySet[Any, Any], compiler: Any) -> Callable[[Row], Any]:
    if any(isinstance(column.output_field, models.GenericIPAddressField) for column, _, _ in compiler.select):
        raise TypeError("a query that returns network addresses cannot be compiled")
    kind, converted = getattr(found, "_iterable_class", None), _converter(compiler)
    if kind is reading.FlatValuesListIterable:
        return lambda row: converted(row)[0]
    if kind is reading.ValuesListIterable:
        return lambda row: tuple(converted(row))
    if kind is not reading.ModelIterable:
        raise TypeError("only whole objects and values_list can be compiled")
    read = _object_reader(compiler)
    return lambda row: read(converted(row))


def _converter(compiler: Any) -> Callable[[Row], Sequence[Any]]:
    """Return Django's converter of a row's values, except for JSON, which psycopg has already parsed."""
    every = compiler.get_converters(column for column, _, _ in compiler.select)
    converters = {
        position: (functions, column)
        for position, (functions, column) in every.items()
        if not isinstance(column.output_field, models.JSONField)
    }
    if not converters:
        return lambda row: row

    def converted(row: Row) -> Sequence[Any]:
        values = list(row)
        for position, (functions, column) in converters.items():
            for function in functions:
                values[position] = function(values[position], column, connection)
        return values

    return converted


def _object_reader(compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """Return a reader of whole objects, as Django's ModelIterable does."""
    model, select = compiler.klass_info["model"], compiler.select
    columns = compiler.klass_info["select_fields"]
    start, end = columns[0], columns[-1] + 1
    names = [expression.target.attname for expression, _, _ in select[start:end]]
    related = _populators(compiler.klass_info, select, connection.alias)
    more = tuple((compiler.annotation_col_map or {}).items())

    def read(row: Sequence[Any]) -> Any:
        one = model.from_db(connection.alias, names, row[start:end])
        for populator in related:
            populator.populate(row, one)
        for name, position in more:
            setattr(one, name, row[position])
        return one

    return read
