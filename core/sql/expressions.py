"""Query expressions Django lacks: row comparison and `= any(array)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, BooleanField, Expression, F, Func, TextField, Value


class RowBeyond(Func):
    """`(columns) < (values)`, or with `is_below` false `>`: a condition for `filter()`.

    PostgreSQL starts an index with these columns, all in one direction, right at that row, however deep;
    the same condition written with OR would read everything before it.
    """

    output_field = BooleanField()
    conditional = True

    def __init__(self, columns: Sequence[str], values: Sequence[Any], *, is_below: bool) -> None:
        sides: list[Expression | F] = [F(name) for name in columns]
        super().__init__(*sides, *(Value(value) for value in values))
        self.is_below = is_below

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        """Return the SQL and its parameters."""
        parts = [compiler.compile(part) for part in self.get_source_expressions()]
        half = len(parts) // 2
        left, right = (", ".join(sql for sql, _ in side) for side in (parts[:half], parts[half:]))
        sign = "<" if self.is_below else ">"
        return f"({left}) {sign} ({right})", [param for _, params in parts for param in params]


class InArray(Func):
    """`column = any(array)`: also in a condition joined by OR, an index on the column can be used."""

    output_field = BooleanField()
    conditional = True
    arity = 2
    arg_joiner = " = any("
    template = "%(expressions)s)"


def among(column: str, ids: Sequence[int]) -> InArray:
    """`column = any(ids)`: one statement, however many ids there are."""
    return InArray(F(column), Value(list(ids), output_field=ArrayField(BigIntegerField())))


def among_texts(column: str, texts: Sequence[str]) -> InArray:
    """`column = any(texts)`: one parameter, where `__in` would quote each text separately."""
    return InArray(F(column), Value(list(texts), output_field=ArrayField(TextField())))
