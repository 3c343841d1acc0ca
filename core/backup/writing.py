"""Writes a backup of every table from one snapshot."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from core.backup import catalogue
from core.backup.manifest import FORMAT, MANIFEST, BackupError, Manifest, Table

# One snapshot for all tables: what one of them tells of another is so in the backup, too.
_ONE_MOMENT: Final = "set transaction isolation level repeatable read, read only"


def file_name(now: datetime) -> str:
    """`tocsin-20260301-140231.zip`, in UTC."""
    return f"tocsin-{now.astimezone(UTC):%Y%m%d-%H%M%S}.zip"


def write(folder: Path, *, now: datetime) -> tuple[Path, Manifest]:
    """A new file in `folder`, which nobody sees before it is whole. Raises BackupError."""
    path = folder / file_name(now)
    making = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(making, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            making.chmod(0o600)  # it holds what people wrote, and digests of their passwords
            manifest = _fill(archive, now)
        making.rename(path)
    except OSError as error:
        raise BackupError(f"The backup cannot be written to {folder}: {error}") from error
    finally:
        making.unlink(missing_ok=True)
    return path, manifest


def _fill(archive: zipfile.ZipFile, now: datetime) -> Manifest:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_ONE_MOMENT)
        loose, wanted = catalogue.detached(), catalogue.tables()
        written = [
            _write(archive, name, columns, [name, *loose.get(name, [])]) for name, columns in wanted.items()
        ]
        manifest = _describe(written, now)
    archive.writestr(MANIFEST, manifest.as_json())
    return manifest


def _describe(written: Sequence[Table], now: datetime) -> Manifest:
    [(server,)] = catalogue.ask("select current_setting('server_version')")
    applied = MigrationRecorder(connection).applied_migrations()
    return Manifest(
        format=FORMAT,
        made_at=now.astimezone(UTC).isoformat(),
        server=server,
        migrations=tuple(sorted(applied)),
        tables=tuple(written),
        partitions=tuple(catalogue.partitions()),
        # Asked last: a number taken meanwhile is skipped in the copy, never given twice.
        sequences=catalogue.sequences(),
    )


def _write(archive: zipfile.ZipFile, name: str, columns: Sequence[str], sources: Sequence[str]) -> Table:
    digest, size = hashlib.sha256(), 0
    raw = cast("psycopg.Connection[Any]", connection.connection)
    with archive.open(f"tables/{name}.copy", "w", force_zip64=True) as entry, raw.cursor() as cursor:
        with cursor.copy(_rows_of(columns, sources)) as rows:
            for piece in rows:
                digest.update(piece)
                size += len(piece)
                entry.write(piece)
        count = cursor.rowcount
    return Table(name, tuple(columns), count, size, digest.hexdigest())


def _rows_of(columns: Sequence[str], sources: Sequence[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    selects = [sql.SQL("select {} from {}").format(names, sql.Identifier(source)) for source in sources]
    return sql.SQL("copy ({}) to stdout").format(sql.SQL(" union all ").join(selects))
