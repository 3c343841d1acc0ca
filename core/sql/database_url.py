"""libpq connection parameters for connections beside Django's."""

from __future__ import annotations

from typing import Any

from django.db import connections

# What Django hands to psycopg beside the words of libpq's that say where to go and as whom.
_NOT_OF_LIBPQ = frozenset({"prepare_threshold"})


def libpq_parameters() -> dict[str, Any]:
    """Django's own parameters as far as libpq knows them: texts and numbers, neither pool nor classes."""
    given = connections["default"].get_connection_params()
    return {
        name: value
        for name, value in given.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and name not in _NOT_OF_LIBPQ
    }
