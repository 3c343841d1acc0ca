"""Reads and writes backups in a folder or at `s3://bucket/prefix`."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from core.backup.manifest import BackupError, Manifest
from core.backup.writing import write
from core.storage.client import ObjectMissingError, StorageError, bucket


def keep(place: str, *, now: datetime) -> tuple[str, Manifest]:
    """Write a backup to `place`; returns its location. Raises BackupError."""
    if not _is_s3(place):
        path, manifest = write(Path(place), now=now)
        return str(path), manifest
    name, prefix = _parts(place)
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder, _as_backup_error():
        bucket(name).ensure()  # first, so that no large file is written if the storage is down
        path, manifest = write(Path(folder), now=now)
        key = f"{prefix}/{path.name}".lstrip("/")
        bucket(name).put_file(key, path)
    return f"s3://{name}/{key}", manifest


@contextlib.contextmanager
def fetched(place: str) -> Iterator[Path]:
    """Provide the backup at `place` as a local file within this block. Raises BackupError."""
    if not _is_s3(place):
        yield Path(place)
        return
    name, key = _parts(place)
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        path = Path(folder) / "backup.zip"
        with _as_backup_error():
            bucket(name).get_file(key, path)
        yield path


def _is_s3(place: str) -> bool:
    return place.startswith("s3://")


def _parts(place: str) -> tuple[str, str]:
    parts = urlsplit(place)
    if not parts.netloc:
        raise BackupError(f"{place} names no bucket; write s3://bucket/folder")
    return parts.netloc, parts.path.strip("/")


def _scratch() -> Path:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    return Path(settings.DATA_DIR)


@contextlib.contextmanager
def _as_backup_error() -> Iterator[None]:
    try:
        yield
    except (StorageError, ObjectMissingError) as error:
        raise BackupError(str(error)) from error
