"""Writes a backup with pg_dump from one snapshot while Tocsin is running."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core.backup import programs
from core.backup.manifest import CHUNK_BYTES, DUMP, FORMAT, MANIFEST, BackupError, Manifest

# Everyone signs in again after a restore; rate-limit counters and heartbeats describe the moment only.
WITHOUT_ROWS: Final = ("accounts_session", "django_session", "core_allowance", "core_workerheartbeat")
_ARGUMENTS: Final = (
    "--format=custom",
    "--compress=1",
    "--no-owner",
    "--no-privileges",
    "--no-comments",
    *(f"--exclude-table-data={table}" for table in WITHOUT_ROWS),
)


def file_name(now: datetime) -> str:
    """`tocsin-20260301-140231.zip`, in UTC."""
    return f"tocsin-{now.astimezone(UTC):%Y%m%d-%H%M%S}.zip"


def write(folder: Path, *, now: datetime) -> tuple[Path, Manifest]:
    """Write a new backup file in `folder`, renamed into place when complete. Raises BackupError."""
    path = folder / file_name(now)
    making = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(making, "x", zipfile.ZIP_STORED) as archive:  # the dump is compressed already
            making.chmod(0o600)  # contains user content and password hashes
            manifest = _fill(archive, now)
        making.rename(path)
    except OSError as error:
        raise BackupError(f"The backup cannot be written to {folder}: {error}") from error
    finally:
        making.unlink(missing_ok=True)
    return path, manifest


def _fill(archive: zipfile.ZipFile, now: datetime) -> Manifest:
    # Read before the dump: a migration that finishes meanwhile is applied again after a restore, not skipped.
    applied = tuple(sorted(MigrationRecorder(connection).applied_migrations()))
    if not applied:
        raise BackupError(
            "The database has no tables of Tocsin. No backup was written; check DATABASE_URL, or run "
            "manage.py prepare first if the installation is new."
        )
    size, sha256 = _dump(archive)
    manifest = Manifest(FORMAT, now.astimezone(UTC).isoformat(), _server(), applied, size, sha256)
    archive.writestr(MANIFEST, manifest.as_json())
    return manifest


def _dump(archive: zipfile.ZipFile) -> tuple[int, str]:
    """Write pg_dump's output into the zip; returns its size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    with (
        programs.start("pg_dump", *_ARGUMENTS) as program,
        archive.open(DUMP, "w", force_zip64=True) as entry,
    ):
        while chunk := programs.pipe(program.stdout).read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            entry.write(chunk)
        if program.wait():
            raise BackupError(f"The backup cannot be written: {programs.reason(program)}")
    return size, digest.hexdigest()


def _server() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version')")
        return str(cursor.fetchone()[0])
