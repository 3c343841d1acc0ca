"""Backup file: one zip with the dump of the database and a manifest.

`database.dump` is pg_dump's custom format. `manifest.json` is written last, so a truncated file has none and
is refused.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

FORMAT: Final = 2
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
CHUNK_BYTES: Final = 1 << 20


class BackupError(Exception):
    """A backup cannot be made or restored; the message says why, what was left unchanged and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Describes a backup. `size` is the bytes of the dump, `sha256` is of those bytes."""

    format: int
    made_at: str
    server: str
    migrations: tuple[tuple[str, str], ...]
    size: int
    sha256: str

    def as_json(self) -> str:
        """Return the manifest as the text stored in the zip."""
        return json.dumps(asdict(self), indent=1)


def parse(text: str | bytes) -> Manifest:
    """Parse a manifest. Raises BackupError for anything else."""
    try:
        given = json.loads(text)
        if given["format"] != FORMAT:
            raise BackupError(
                f"The backup has format {given['format']}; this version reads {FORMAT}. Nothing was changed."
            )
        given["migrations"] = tuple(tuple(one) for one in given["migrations"])
        return Manifest(**given)
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"The manifest of the backup cannot be read: {error!r}") from error


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a backup file. Raises BackupError when it is not a backup or is truncated."""
    try:
        with zipfile.ZipFile(path) as archive:
            return parse(archive.read(MANIFEST))
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise BackupError(f"{path.name} is not a complete backup: {error}. Nothing was changed.") from error


def chunks(path: Path) -> Iterator[bytes]:
    """Yield the dump in chunks of one megabyte. Raises BackupError when it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(DUMP) as dump:
            while chunk := dump.read(CHUNK_BYTES):
                yield chunk
    except (KeyError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise BackupError(f"The backup cannot be read: {error}. Nothing was changed.") from error


def check(path: Path) -> Manifest:
    """Return the manifest after comparing the whole dump with its checksum. Raises BackupError."""
    manifest, digest, size = read_manifest(path), hashlib.sha256(), 0
    for chunk in chunks(path):
        digest.update(chunk)
        size += len(chunk)
    if (size, digest.hexdigest()) != (manifest.size, manifest.sha256):
        raise BackupError(f"{path.name} is not what was written: its checksum differs. Nothing was changed.")
    return manifest
