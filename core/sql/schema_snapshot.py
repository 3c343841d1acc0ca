"""Creates the tables of an empty database from a snapshot, instead of by every migration since the first.

Migrations newer than the snapshot run afterwards as usual, so it may be older than the code.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final, cast

import psycopg
from django.db import connection, transaction

SCHEMA: Final = "public"  # named in every statement of the snapshot
_ONE_AT_A_TIME: Final = 0x70C52  # the key of an advisory lock
_IS_EMPTY: Final = """
select current_schema() = %s and not exists (
  select from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p'))
"""
_BEGIN: Final = """
set local statement_timeout = 0;
set local check_function_bodies = false;
set local client_min_messages = warning;
set local search_path = '';
"""
_END: Final = "update public.django_migrations set applied = now();"
log = logging.getLogger(__name__)


def load_into_empty_database(snapshot: Path) -> bool:
    """Create every table of the snapshot in one transaction. Returns whether that was done.

    Nothing is changed if there are tables already, if the schema is not `public`, or if the server does not
    understand the snapshot.
    """
    try:
        with transaction.atomic():
            return _load(snapshot)
    except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:
        log.warning("every migration is run, for the schema snapshot cannot be used here: %s", error)
        return False


def _load(snapshot: Path) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        cursor.execute(_IS_EMPTY, [SCHEMA])
        [is_empty] = cursor.fetchone()
        if is_empty:
            cursor.execute("select current_setting('search_path')")
            [path] = cursor.fetchone()
            # Many statements at once, which Django's cursors do not support.
            raw = cast("psycopg.Connection[tuple[object, ...]]", connection.connection)
            raw.execute((_BEGIN + snapshot.read_text() + _END).encode())
            cursor.execute("select set_config('search_path', %s, true)", [path])
    return bool(is_empty)
