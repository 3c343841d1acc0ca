"""Restores a backup in one transaction."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from core.backup import catalogue
from core.backup.manifest import BackupError, Manifest, Table, check, pieces

_OTHERS: Final = """
select count(*) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""
# Functions go with the tables: migrations make them anew. Those of extensions stay.
_FUNCTIONS: Final = """
select p.oid::regprocedure::text from pg_proc p
 where p.pronamespace = current_schema()::regnamespace and p.prokind = 'f' and not exists (
   select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""
_LOOSE_SEQUENCES: Final = """
select c.relname from pg_class c
 where c.relnamespace = current_schema()::regnamespace and c.relkind = 'S' and not exists (
   select 1 from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i'))
"""


def restore(path: Path, *, replace: bool = False) -> Manifest:
    """Make the database what it was when `path` was written, then bring it up to this version.

    replace: whether what is in the database now may go. Raises BackupError, and nothing is changed then.
    """
    manifest = check(path)
    _refuse_unknown(manifest)
    _refuse_company()
    if not replace and not _is_empty():
        raise BackupError(
            "The database is not empty. Nothing was changed; --replace lets go of everything that is in it."
        )
    with transaction.atomic():
        _run(sql.SQL("set local idle_in_transaction_session_timeout = 0"))
        _clear()
        _migrate_to(manifest)
        _load(path, manifest)
    call_command("migrate", interactive=False, verbosity=0)
    return manifest


def _refuse_unknown(manifest: Manifest) -> None:
    known = MigrationExecutor(connection).loader.disk_migrations
    if unknown := sorted(set(manifest.migrations) - set(known)):
        app, name = unknown[0]
        raise BackupError(
            f"The backup was made by a newer version, which has {app}.{name}. Nothing was changed; "
            "install that version, restore, and go on from there."
        )


def _refuse_company() -> None:
    [(others,)] = catalogue.ask(_OTHERS)
    if others:
        raise BackupError(
            f"{others} other connections use this database. Nothing was changed; stop Tocsin first."
        )


def _is_empty() -> bool:
    people = get_user_model()
    return people._meta.db_table not in catalogue.every_table() or not people.objects.exists()


def _clear() -> None:
    """Nothing that migrations made is left."""
    for table in catalogue.every_table():
        _run(sql.SQL("drop table if exists {} cascade").format(sql.Identifier(table)))
    for (name,) in catalogue.ask(_LOOSE_SEQUENCES):
        _run(sql.SQL("drop sequence {}").format(sql.Identifier(name)))
    for (signature,) in catalogue.ask(_FUNCTIONS):
        _run(sql.SQL("drop function if exists " + signature + " cascade"))


def _migrate_to(manifest: Manifest) -> None:
    """The tables as they were when the backup was made."""
    _run(sql.SQL("set constraints all immediate"))
    executor = MigrationExecutor(connection)
    executor.migrate(_last_ones(executor, set(manifest.migrations)))
    _run(sql.SQL("set constraints all deferred"))


def _last_ones(executor: MigrationExecutor, applied: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The last of each app: naming one before it would mean to go back to that."""
    graph = executor.loader.graph
    return [
        key
        for key in sorted(applied & set(graph.nodes))
        if not any(child.key[0] == key[0] and child.key in applied for child in graph.node_map[key].children)
    ]


def _load(path: Path, manifest: Manifest) -> None:
    names = [table.name for table in manifest.tables]
    _refuse_missing(names)
    _make_partitions(manifest)
    _run(sql.SQL("truncate {} cascade").format(sql.SQL(", ").join(map(sql.Identifier, names))))
    _switch_triggers(names, "disable")
    with zipfile.ZipFile(path) as archive:
        for table in manifest.tables:
            _fill(table, archive)
    # References are checked here; whatever misses what it points to takes everything back.
    _run(sql.SQL("set constraints all immediate"))
    _switch_triggers(names, "enable")
    for name, last in manifest.sequences.items():
        catalogue.ask("select setval(quote_ident(%s)::regclass, %s)", [name, last])


def _refuse_missing(names: Iterable[str]) -> None:
    if missing := sorted(set(names) - set(catalogue.every_table())):
        raise BackupError(f"The backup has tables this version does not: {', '.join(missing)}.")


def _make_partitions(manifest: Manifest) -> None:
    there = {name for _, name, _ in catalogue.partitions()}
    for parent, name, bound in manifest.partitions:
        if name not in there:
            words = [sql.Identifier(name), sql.Identifier(parent), sql.SQL(bound)]
            _run(sql.SQL("create table {} partition of {} {}").format(*words))


def _switch_triggers(names: Iterable[str], how: str) -> None:
    """What triggers did when a row was first written is in the backup already."""
    for name in names:
        _run(sql.SQL("alter table {} " + how + " trigger user").format(sql.Identifier(name)))


def _fill(table: Table, archive: zipfile.ZipFile) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    into = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table.name), columns)
    with _raw().cursor() as cursor:
        with cursor.copy(into) as rows:
            for piece in pieces(archive, table):
                rows.write(piece)
        if cursor.rowcount != table.rows:
            raise BackupError(f"{cursor.rowcount} rows of {table.name} arrived, not {table.rows}.")


def _run(statement: sql.SQL | sql.Composed) -> None:
    with _raw().cursor() as cursor:
        cursor.execute(statement)


def _raw() -> psycopg.Connection[Any]:
    connection.ensure_connection()
    return cast("psycopg.Connection[Any]", connection.connection)
