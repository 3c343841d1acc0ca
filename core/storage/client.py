"""Object storage (S3): put, get, stream, presigned URLs, copy and delete.

Keys are in one bucket (`S3_BUCKET`) unless another is named. Presigned URLs are for browsers and agents: they
use the public endpoint (`S3_PUBLIC_ENDPOINT_URL`).
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Final

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from storages.backends.s3 import S3Storage

from core.queue.retry import PassingError, PermanentError

PRESIGNED_S: Final = 900
MAX_BYTES: Final = 10_000_000
CHUNK_BYTES: Final = 65_536
_MISSING: Final = {"404", "NoSuchKey", "NotFound", "NoSuchBucket"}


class StorageError(PassingError):
    """The storage cannot be reached or a request failed."""


class ObjectMissingError(PermanentError):
    """There is no object of that key."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """Metadata of one object."""

    key: str
    size: int
    content_type: str
    etag: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket; created at the first `ensure()`."""

    name: str

    def ensure(self) -> None:
        """Create the bucket if there is none. Raises StorageError."""
        with _errors(self.name):
            ensure_bucket(_client(), self.name)

    def put(self, key: str, body: bytes | IO[bytes], content_type: str = "application/octet-stream") -> None:
        """Store one object; large files are sent in parts. Raises StorageError."""
        with _errors(key):
            if isinstance(body, bytes):
                _client().put_object(Bucket=self.name, Key=key, Body=body, ContentType=content_type)
            else:
                _client().upload_fileobj(body, self.name, key, ExtraArgs={"ContentType": content_type})

    def put_file(self, key: str, path: Path) -> None:
        """Store a file, in parts where it is large. Raises StorageError."""
        with _errors(key):
            _client().upload_file(str(path), self.name, key)

    def get(self, key: str, max_bytes: int = MAX_BYTES) -> bytes:
        """Return the whole object.

        Raises StorageError, ObjectMissingError, and PermanentError for a longer one.
        """
        with _errors(key):
            body = _client().get_object(Bucket=self.name, Key=key)["Body"]
            data: bytes = body.read(max_bytes + 1)
        if len(data) > max_bytes:
            raise PermanentError(f"{key} is longer than {max_bytes:,} bytes")
        return data

    def get_file(self, key: str, path: Path) -> None:
        """Write the object to a local file, in parts. Raises StorageError, ObjectMissingError."""
        with _errors(key):
            _client().download_file(self.name, key, str(path))

    def put_once(self, key: str, body: IO[bytes], content_type: str, sha256: str) -> bool:
        """Store these bytes (`sha256` in hex). Returns False if the object already exists.

        Raises StorageError.
        """
        try:
            with _errors(key):
                _client().put_object(
                    Bucket=self.name, Key=key, Body=body, ContentType=content_type,
                    ChecksumSHA256=checksum(sha256), IfNoneMatch="*",
                )  # fmt: skip
        except StorageError as error:
            if _status_of(error.__cause__) in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT):
                return False
            raise
        return True

    def read(self, key: str, start: int, count: int) -> bytes:
        """Return `count` bytes from `start` on, fewer at the end. Raises StorageError, ObjectMissingError."""
        with _errors(key):
            byte_range = f"bytes={start}-{start + count - 1}"
            data: bytes = _client().get_object(Bucket=self.name, Key=key, Range=byte_range)["Body"].read()
        return data

    def stream(self, key: str, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Yield the object in chunks. Raises StorageError, ObjectMissingError."""
        with _errors(key):
            body = _client().get_object(Bucket=self.name, Key=key)["Body"]
            yield from body.iter_chunks(chunk_bytes)

    def info(self, key: str) -> ObjectInfo | None:
        """Return size, type and, if it was sent along, the SHA-256 (hex); None when there is no such object.

        Raises StorageError.
        """
        try:
            with _errors(key):
                head = _client().head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED")
        except ObjectMissingError:
            return None
        etag = head["ETag"].strip('"')
        digest = base64.b64decode(head.get("ChecksumSHA256", "")).hex()
        return ObjectInfo(key, head["ContentLength"], head.get("ContentType", ""), etag, digest)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield every key with that prefix, in order. Raises StorageError."""
        with _errors(prefix):
            for page in _client().get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
                yield from (entry["Key"] for entry in page.get("Contents", ()))

    def copy(self, key: str, to: str) -> None:
        """Copy within the storage. Raises StorageError, ObjectMissingError."""
        with _errors(key):
            source = {"Bucket": self.name, "Key": key}
            _client().copy(source, self.name, to)

    def delete(self, key: str) -> None:
        """Delete the object; idempotent. Raises StorageError."""
        with _errors(key):
            _client().delete_object(Bucket=self.name, Key=key)

    def presigned_put(self, key: str, content_type: str, size: int, expires_s: int = PRESIGNED_S) -> str:
        """Return a URL where its holder may upload exactly `size` bytes of that type."""
        params = {"Bucket": self.name, "Key": key, "ContentType": content_type, "ContentLength": size}
        return _presigned("put_object", params, expires_s)

    def presigned_once(
        self, key: str, content_type: str, size: int, sha256: str, expires_s: int = PRESIGNED_S
    ) -> str:
        """Return a URL where exactly these bytes may be uploaded, once.

        Raises StorageError without a key to sign with. The request must send Content-Length, Content-Type,
        x-amz-checksum-sha256 and If-None-Match as signed.
        """
        params = {
            "Bucket": self.name, "Key": key, "ContentType": content_type, "ContentLength": size,
            "ChecksumSHA256": checksum(sha256), "IfNoneMatch": "*",
        }  # fmt: skip
        with _errors(key):
            return _presigned("put_object", params, expires_s)

    def presigned_get(self, key: str, filename: str = "", expires_s: int = PRESIGNED_S) -> str:
        """Return a URL where its holder may read the object; saved as `filename` (ASCII)."""
        params = {"Bucket": self.name, "Key": key}
        if filename:
            params["ResponseContentDisposition"] = f'attachment; filename="{filename}"'
        return _presigned("get_object", params, expires_s)


def checksum(sha256: str) -> str:
    """Return a hex SHA-256 in S3's base64 form."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def bucket(name: str = "") -> Bucket:
    """Return the default bucket, or the named one."""
    return Bucket(name or settings.S3_BUCKET)


def _presigned(operation: str, params: dict[str, Any], expires_s: int) -> str:
    client = _client_for(settings.S3_PUBLIC_ENDPOINT_URL or settings.S3_ENDPOINT_URL)
    address: str = client.generate_presigned_url(operation, Params=params, ExpiresIn=expires_s)
    return address


def ensure_bucket(client: Any, name: str) -> None:
    """Create the bucket on the embedded storage if there is none. Raises ClientError."""
    try:
        client.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
            raise
        # us-east-1 must not be named as a location constraint.
        region = settings.S3_REGION
        here = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=name, **here)


def _status_of(error: BaseException | None) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"]) if isinstance(error, ClientError) else 0


def _client() -> Any:
    return _client_for(settings.S3_ENDPOINT_URL)


def _client_for(endpoint: str | None) -> Any:
    return _cached(endpoint, settings.S3_REGION, settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY)


@cache
def _cached(endpoint: str | None, region: str, access_key: str, secret_key: str) -> Any:
    # Without configured keys, boto3 uses its default chain: environment, files, the machine's role.
    storage = S3Storage(
        bucket_name=settings.S3_BUCKET,
        endpoint_url=endpoint,
        region_name=region,
        access_key=access_key or None,
        secret_key=secret_key or None,
        client_config=Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"max_attempts": 3, "mode": "standard"},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
        ),
    )
    return storage.connection.meta.client


@contextlib.contextmanager
def _errors(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _MISSING:
            raise ObjectMissingError(f"the storage holds no {key}") from error
        raise StorageError(f"Storage error: {error}") from error
    except (Boto3Error, BotoCoreError, OSError) as error:
        raise StorageError(f"Storage error: {error}") from error
