"""Backup manifest: version, tables, row counts and checksums.

A backup is one zip: `tables/<name>.copy` holds the rows in PostgreSQL's COPY text format, `manifest.json`,
written last, everything needed to judge them. So one that was cut off has no manifest and is refused.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
PIECE: Final = 1 << 20
# Sessions are not taken along: who restores a backup signs in again. What limits and workers note is of the
# moment, and which migrations ran is written down below.
LEFT_OUT: Final = ("accounts_session", "django_session", "django_migrations", "core_allowance", "core_pulse")


class BackupError(Exception):
    """A backup cannot be made or restored; the message says why, what was kept and what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table's rows. `sha256` is of the uncompressed COPY text, `size` its bytes."""

    name: str
    columns: tuple[str, ...]
    rows: int
    size: int
    sha256: str

    @property
    def entry(self) -> str:
        """Where in the zip its rows are."""
        return f"tables/{self.name}.copy"


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of it. partitions: (parent, name, bound as PostgreSQL writes it); sequences: name -> last value."""

    format: int
    made_at: str
    server: str
    migrations: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    partitions: tuple[tuple[str, str, str], ...]
    sequences: dict[str, int]

    def as_json(self) -> str:
        """For the zip."""
        return json.dumps(asdict(self), indent=1)


def parse(text: str | bytes) -> Manifest:
    """Raises BackupError for what is no manifest of ours."""
    try:
        given = json.loads(text)
        if given["format"] != FORMAT:
            raise BackupError(f"The backup is of format {given['format']}; this version reads {FORMAT}.")
        tables = [Table(**{**one, "columns": tuple(one["columns"])}) for one in given.pop("tables")]
        given["migrations"] = tuple(tuple(one) for one in given["migrations"])
        given["partitions"] = tuple(tuple(one) for one in given["partitions"])
        return Manifest(tables=tuple(tables), **given)
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"The manifest of the backup cannot be read: {error!r}") from error


def read_manifest(path: Path) -> Manifest:
    """Raises BackupError when the file is no backup, or one that was cut off."""
    try:
        with zipfile.ZipFile(path) as archive:
            return parse(archive.read(MANIFEST))
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise BackupError(f"{path.name} is no whole backup: {error}. Nothing was changed.") from error


def pieces(archive: zipfile.ZipFile, table: Table) -> Iterator[bytes]:
    """The rows of a table, a megabyte at a time. Raises BackupError when they are not what was written."""
    digest, size = hashlib.sha256(), 0
    try:
        with archive.open(table.entry) as rows:
            while piece := rows.read(PIECE):
                digest.update(piece)
                size += len(piece)
                yield piece
    except (KeyError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise BackupError(f"Rows of {table.name} cannot be read: {error}. Nothing was changed.") from error
    if (size, digest.hexdigest()) != (table.size, table.sha256):
        raise BackupError(f"Rows of {table.name} are not those that were written. Nothing was changed.")


def check(path: Path) -> Manifest:
    """The manifest, after every row was held against its checksum. Raises BackupError."""
    manifest = read_manifest(path)
    with zipfile.ZipFile(path) as archive:
        for table in manifest.tables:
            for _ in pieces(archive, table):
                pass
    return manifest
