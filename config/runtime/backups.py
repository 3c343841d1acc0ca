"""Where backups are kept: a folder, or `s3://bucket/prefix` in the storage the settings name."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from core.backup.manifest import BackupError, Manifest
from core.backup.writing import write


def keep(place: str, *, now: datetime) -> tuple[str, Manifest]:
    """Write a backup to `place`; answers where it is. Raises BackupError."""
    if not _is_s3(place):
        path, manifest = write(Path(place), now=now)
        return str(path), manifest
    bucket, prefix = _parts(place)
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder, _as_backup_error():
        client = _client()
        _ensure_bucket(client, bucket)  # asked first: nobody writes a large file for a storage that is away
        path, manifest = write(Path(folder), now=now)
        key = f"{prefix}/{path.name}".lstrip("/")
        client.upload_file(str(path), bucket, key)
    return f"s3://{bucket}/{key}", manifest


@contextlib.contextmanager
def fetched(place: str) -> Iterator[Path]:
    """The backup at `place` as a local file, for as long as it is needed. Raises BackupError."""
    if not _is_s3(place):
        yield Path(place)
        return
    bucket, key = _parts(place)
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        path = Path(folder) / "backup.zip"
        with _as_backup_error():
            _client().download_file(bucket, key, str(path))
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


def _ensure_bucket(client: Any, bucket: str) -> None:
    """Make the bucket where there is none, as in the storage that Tocsin brings along. Raises ClientError."""
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
            raise
        client.create_bucket(Bucket=bucket, **_here(settings.S3_REGION))


def _here(region: str) -> dict[str, Any]:
    # The oldest region is meant by naming none.
    return {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _client() -> Any:
    # Without keys of ours, boto3 looks where it always does: the environment, its files, the machine's role.
    return boto3.client(
        "s3",
        endpoint_url=settings.S3_ENDPOINT_URL,
        region_name=settings.S3_REGION,
        aws_access_key_id=settings.S3_ACCESS_KEY or None,
        aws_secret_access_key=settings.S3_SECRET_KEY or None,
        # Whoever asks for a backup waits for the answer: a storage that is away is told within a minute.
        config=Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 3, "mode": "standard"}),
    )


@contextlib.contextmanager
def _as_backup_error() -> Iterator[None]:
    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError, OSError) as error:
        raise BackupError(f"The storage did not do what it was asked: {error}") from error
