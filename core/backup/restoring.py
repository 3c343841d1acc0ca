"""Restores a backup with pg_restore and psql, in one transaction."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Final

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection

from core.backup import programs
from core.backup.manifest import CHUNK_BYTES, BackupError, Manifest, check, chunks
from core.sql.migration_files import migrations_on_disk

_OTHERS: Final = """
select count(*) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""
# pg_restore 17 and newer write the first, always before the second.
_TRANSACTION_TIMEOUT: Final = b"\nSET transaction_timeout = 0;\n"
_AFTER_TIMEOUTS: Final = b"SET client_encoding = "
_KNOWS_TRANSACTION_TIMEOUT: Final = 170000
# Everything that migrations created. Objects that belong to an extension stay.
_BEGIN: Final = b"""
begin;
set local idle_in_transaction_session_timeout = 0;
do $$ declare found record; begin
  for found in select c.oid::regclass as name from pg_class c
      where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
        and not c.relispartition loop
    execute format('drop table if exists %s cascade', found.name);
  end loop;
  for found in select c.oid::regclass as name from pg_class c
      where c.relnamespace = current_schema()::regnamespace and c.relkind = 'S' loop
    execute format('drop sequence if exists %s cascade', found.name);
  end loop;
  for found in select p.oid::regprocedure as name from pg_proc p
      where p.pronamespace = current_schema()::regnamespace and p.prokind = 'f' and not exists (
        select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e') loop
    execute format('drop function if exists %s cascade', found.name);
  end loop;
end $$;
"""


def restore(path: Path, *, replace: bool = False) -> Manifest:
    """Restore the database from the backup `path`, then migrate it to this version.

    replace: whether existing contents may be dropped. Raises BackupError and then leaves the database
    unchanged.
    """
    manifest = check(path)
    _refuse_newer(manifest)
    _refuse_other_clients()
    if not replace and not _is_empty():
        raise BackupError(
            "The database is not empty. Nothing was changed; --replace drops everything that is in it."
        )
    _load(path)
    call_command("migrate", interactive=False, verbosity=0)
    _analyze()
    return manifest


def _analyze() -> None:
    """Collect statistics, without which PostgreSQL reads large tables whole until autovacuum comes by."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(f"analyze {', '.join(map(quote, connection.introspection.table_names()))}")


def _refuse_newer(manifest: Manifest) -> None:
    known = migrations_on_disk()
    installed = {app for app, _ in known}
    if unknown := sorted({one for one in manifest.migrations if one[0] in installed} - known):
        app, name = unknown[0]
        raise BackupError(
            f"The backup was made by a newer version, which has {app}.{name}. Nothing was changed; "
            "install that version and restore there."
        )


def _refuse_other_clients() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        [others] = cursor.fetchone()
    if others:
        raise BackupError(
            f"{others} other connections use this database. Nothing was changed; stop Tocsin first."
        )


def _is_empty() -> bool:
    people = get_user_model()
    return people._meta.db_table not in connection.introspection.table_names() or not people.objects.exists()


def _load(path: Path) -> None:
    """Run the dump as SQL.

    COMMIT is sent only after all of it ran; otherwise psql rolls back when it exits.
    """
    settings = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
    with (
        programs.start("psql", *settings, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as psql,
        programs.start(
            "pg_restore", "--no-owner", "--no-privileges", "--file=-", stdin=subprocess.PIPE, connects=False
        ) as reader,
    ):
        feeding = threading.Thread(target=_feed, args=(path, reader))
        feeding.start()
        is_whole = _copy(reader, psql)
        feeding.join()
        if psql.wait() or not is_whole:
            failed = psql if psql.returncode else reader
            raise BackupError(
                f"The backup cannot be restored: {programs.reason(failed)}. Nothing was changed."
            )


def _copy(reader: subprocess.Popen[bytes], psql: subprocess.Popen[bytes]) -> bool:
    """Copy SQL to psql and COMMIT at its end. Returns whether pg_restore and psql both succeeded."""
    source, target = programs.pipe(reader.stdout), programs.pipe(psql.stdin)
    try:
        target.write(_BEGIN)
        target.write(known_preamble(source.read(CHUNK_BYTES), programs.server_version()))
        while chunk := source.read(CHUNK_BYTES):
            target.write(chunk)
        is_whole = reader.wait() == 0
        if is_whole:
            target.write(b"\ncommit;\n")
        target.close()
    except BrokenPipeError:  # psql ended at the first error
        reader.kill()
        return False
    return is_whole


def known_preamble(beginning: bytes, server_version: int) -> bytes:
    """Return the beginning of pg_restore's script without the setting that servers before 17 do not know."""
    if server_version >= _KNOWS_TRANSACTION_TIMEOUT:
        return beginning
    preamble, mark, rest = beginning.partition(_AFTER_TIMEOUTS)
    return preamble.replace(_TRANSACTION_TIMEOUT, b"\n") + mark + rest


def _feed(path: Path, reader: subprocess.Popen[bytes]) -> None:
    target = programs.pipe(reader.stdin)
    try:
        for chunk in chunks(path):
            target.write(chunk)
        target.close()
    except BrokenPipeError:
        return  # pg_restore ended early and says why
