"""libpq connection parameters for connections beside Django's."""

from __future__ import annotations

from typing import Any

from django.db import connections

# What Django passes to psycopg besides libpq's connection parameters.
_NOT_OF_LIBPQ = frozenset({"prepare_threshold"})


def libpq_parameters() -> dict[str, Any]:
    """Return Django's parameters that libpq knows: texts and numbers, without pool and classes."""
    given = connections["default"].get_connection_params()
    return {
        name: value
        for name, value in given.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and name not in _NOT_OF_LIBPQ
    }
