"""Very many rows in no time: one row, copied inside PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, models


def multiply(model: type[models.Model], count: int, changed: Mapping[str, str]) -> None:
    """Copy the newest row of a table `count` times; `changed`: column -> SQL over n, 1 to count.

    Keys come from the sequence unless `changed` names them.
    """
    columns = [
        field.column
        for field in model._meta.concrete_fields
        if not getattr(field, "generated", False) and (not field.primary_key or field.column in changed)
    ]
    wanted = [changed.get(name, f't."{name}"') for name in columns]
    table, key = model._meta.db_table, model._meta.pk.column
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'insert into "{table}" ({names}) select {", ".join(wanted)} from generate_series(1, {count}) n,'
            f' (select * from "{table}" order by "{key}" desc limit 1) t'
        )
        cursor.execute(f'analyze "{table}"')


def newest(model: type[models.Model]) -> Any:
    """The key of the newest row."""
    return model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
