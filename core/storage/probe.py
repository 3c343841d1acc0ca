"""Tests what a storage enforces of a presigned upload: once, exactly these bytes, in time.

Each test is a real request to the public endpoint. S3-compatible storages differ here; Tocsin checks size and
SHA-256 itself in any case before it uses a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from core.storage.client import Bucket, StorageError, checksum

TIMEOUT_S: Final = 15
EXPIRES_S: Final = 1
BODY: Final = b"Tocsin tries out the storage. This object may be deleted.\n"
CONTENT_TYPE: Final = "application/zip"
PREFIX: Final = "tocsin-probe/"


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """One rule of a presigned upload, and whether the storage enforces it."""

    rule: str
    is_enforced: bool


@dataclass(frozen=True, slots=True)
class _Signed:
    """A presigned URL and its signed headers."""

    url: str
    headers: Mapping[str, str]


def try_uploads(bucket: Bucket) -> list[RuleCheck]:
    """Test each rule. Raises StorageError if even a correct upload fails."""
    own = f"{PREFIX}{uuid.uuid4()}"
    keys = [f"{own}-{number}" for number in range(3)]
    try:
        expiring, signed_at = _signed(bucket, keys[1], EXPIRES_S), time.monotonic()
        found = [*_wrong_uploads(bucket, keys[0]), *_right_uploads(bucket, keys[2])]
        time.sleep(max(0.0, signed_at + EXPIRES_S + 1.5 - time.monotonic()))
        found.append(RuleCheck("the time of an address", _is_refused(_put(expiring, BODY))))
    finally:
        for key in keys:
            with contextlib.suppress(StorageError):
                bucket.delete(key)
    return found


def _right_uploads(bucket: Bucket, key: str) -> Iterator[RuleCheck]:
    signed = _signed(bucket, key)
    status, text = _send(signed, BODY)
    if status != HTTPStatus.OK:
        raise StorageError(f"A presigned upload returned {status}: {text}")
    yield RuleCheck("one upload for each address", _is_refused(_put(signed, BODY)))
    yield RuleCheck(
        "SHA-256 stored with the object", (info := bucket.info(key)) is not None and bool(info.sha256)
    )


def _wrong_uploads(bucket: Bucket, key: str) -> Iterator[RuleCheck]:
    signed = _signed(bucket, key)
    other = bytes([BODY[0] ^ 1]) + BODY[1:]
    elsewhere = _Signed(signed.url.replace(key, f"{key}x"), signed.headers)
    yield RuleCheck("the signed bytes", _is_refused(_put(signed, other)))
    yield RuleCheck("the signed length", _is_refused(_put(signed, BODY + b"x", {"Content-Length": ""})))
    yield RuleCheck("the signed type", _is_refused(_put(signed, BODY, {"Content-Type": "text/html"})))
    yield RuleCheck("the signed condition", _is_refused(_put(signed, BODY, {"If-None-Match": ""})))
    yield RuleCheck("the signed name", _is_refused(_put(elsewhere, BODY)))


def _signed(bucket: Bucket, key: str, expires_s: int = 60) -> _Signed:
    digest = hashlib.sha256(BODY).hexdigest()
    url = bucket.presigned_once(key, CONTENT_TYPE, len(BODY), digest, expires_s)
    headers = {
        "Content-Type": CONTENT_TYPE, "Content-Length": str(len(BODY)),
        "x-amz-checksum-sha256": checksum(digest), "If-None-Match": "*",
    }  # fmt: skip
    return _Signed(url, headers)


def _is_refused(status: int) -> bool:
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def _put(signed: _Signed, body: bytes, other: Mapping[str, str] | None = None) -> int:
    return _send(signed, body, other)[0]


def _send(signed: _Signed, body: bytes, other: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Return status and beginning of the response; `other` headers replace signed ones, "" removes one."""
    headers = {name: value for name, value in {**signed.headers, **(other or {})}.items() if value}
    request: Any = AWSRequest("PUT", signed.url, headers, body).prepare()
    session = URLLib3Session(timeout=TIMEOUT_S)
    try:
        response = session.send(request)
        return int(response.status_code), str(response.text or "")[:300]
    except (BotoCoreError, OSError) as error:
        raise StorageError(f"The storage at {signed.url.split('?')[0]} cannot be reached: {error}") from error
    finally:
        session.close()
