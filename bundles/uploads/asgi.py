"""ASGI endpoint of `PUT /api/v1/bundle-uploads/<id>?…`, in front of Django.

Implements the contract of a presigned S3 URL, for clients that cannot reach the storage. The body is hashed
while it is written to a temporary file; only a complete, matching one is stored, and never overwrites.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import IO, Any, Final
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

import orjson
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from bundles.limits import CONTENT_TYPE, TICKET_S
from bundles.uploads.bucket_check import ensure_once
from bundles.uploads.tickets import PREFIX, BadPermitError, Permit, headers_for, read_permit
from core.errors import Problem
from core.http.client_ip import is_encrypted
from core.http.security_headers import RAW
from core.storage.client import StorageError, bucket, checksum

__all__ = ["PREFIX", "application"]

Scope = MutableMapping[str, Any]
Channel = Callable[..., Awaitable[Any]]
MAX_AT_ONCE: Final = 4  # concurrent uploads per web process
SILENCE_S: Final = 30.0
_running: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class UploadRefused(Problem):
    """An error in the format of S3; `code` is the S3 error code."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, retry_after: int = 0) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)} if retry_after else {})
        self.refused_with, self.s3_code = status, code


async def application(scope: Scope, receive: Channel, send: Channel) -> None:
    """Handle a PUT: 200, 412 if it is already stored, 403 if the request does not match the signature."""
    try:
        await _receive(scope, receive)
        status, extra = HTTPStatus.OK, {}
        body: dict[str, Any] = {"status": "stored"}
    except UploadRefused as refused:
        status, extra = refused.refused_with, refused.headers
        body = {
            "title": status.phrase,
            "status": status.value,
            "code": refused.s3_code,
            "detail": refused.detail,
        }
    kind = b"application/json" if status == HTTPStatus.OK else b"application/problem+json"
    data = orjson.dumps(body)
    headers = [(name.lower().encode(), value.encode()) for name, value in extra.items()]
    headers += [(b"content-type", kind), (b"content-length", b"%d" % len(data)), *RAW]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def _receive(scope: Scope, receive: Channel) -> None:
    permit = _permit(scope)
    slots = _running.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MAX_AT_ONCE))
    if slots.locked():
        words = "Too many concurrent uploads. Retry in a few seconds."
        raise UploadRefused(HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown", words, 5)
    async with slots:
        with tempfile.TemporaryFile(prefix="tocsin-upload-") as file:
            await _spool(receive, permit, file)
            await asyncio.to_thread(_store, permit, file)


def _permit(scope: Scope) -> Permit:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    _check_connection(scope, headers)
    if scope["method"] != "PUT":
        raise UploadRefused(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", "Use PUT to upload bundles.")
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
    try:
        permit = read_permit(query, timezone.now())
    except BadPermitError as error:
        raise UploadRefused(HTTPStatus.FORBIDDEN, "AccessDenied", f"{error} Nothing was stored.") from error
    for name, wanted in headers_for(permit.size, checksum(permit.sha256)).items():
        if headers.get(name.lower()) != wanted:
            words = f"{name} differs from the signed one. Nothing was stored; send the ticket's headers."
            raise UploadRefused(HTTPStatus.FORBIDDEN, "SignatureDoesNotMatch", words)
    return permit


def _check_connection(scope: Scope, headers: dict[str, str]) -> None:
    host, _ = split_domain_port(headers.get("host", ""))
    remote = str((scope.get("client") or ("",))[0])
    forwarded = headers.get("x-forwarded-proto", "")
    if settings.SECURE_SSL_REDIRECT and not is_encrypted(scope["scheme"], remote, forwarded):
        raise UploadRefused(HTTPStatus.FORBIDDEN, "AccessDenied", "Nothing was stored: use HTTPS.")
    if not validate_host(host, settings.ALLOWED_HOSTS):
        words = "Nothing was stored: the Host header is not one of ALLOWED_HOSTS."
        raise UploadRefused(HTTPStatus.BAD_REQUEST, "InvalidRequest", words)


async def _spool(receive: Channel, permit: Permit, file: IO[bytes]) -> None:
    """Write the body to the file, hashed and limited to the signed size."""
    digest, size, more = hashlib.sha256(), 0, True
    try:
        async with asyncio.timeout(TICKET_S):
            while more:
                async with asyncio.timeout(SILENCE_S):
                    message = await receive()
                if message["type"] == "http.disconnect":
                    raise UploadRefused(
                        HTTPStatus.BAD_REQUEST, "IncompleteBody", "The upload was interrupted."
                    )
                part, more = message.get("body", b""), bool(message.get("more_body"))
                size += len(part)
                if size > permit.size:
                    break
                digest.update(part)
                await asyncio.to_thread(file.write, part)
    except TimeoutError as error:
        words = "The bundle did not arrive in time. Nothing was stored."
        raise UploadRefused(HTTPStatus.REQUEST_TIMEOUT, "RequestTimeout", words) from error
    if size != permit.size:
        words = "The body does not have the signed length. Nothing was stored."
        raise UploadRefused(HTTPStatus.BAD_REQUEST, "IncompleteBody", words)
    if digest.hexdigest() != permit.sha256:
        words = "The SHA-256 of the body differs from the signed one. Nothing was stored."
        raise UploadRefused(HTTPStatus.BAD_REQUEST, "BadDigest", words)


def _store(permit: Permit, file: IO[bytes]) -> None:
    file.seek(0)
    try:
        ensure_once()
        is_new = bucket().put_once(permit.key, file, CONTENT_TYPE, permit.sha256)
    except StorageError as error:
        words = "The storage is not reachable. Nothing was stored; upload the bundle again."
        raise UploadRefused(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", words, 5) from error
    if not is_new:
        words = "This bundle is already stored. Complete it."
        raise UploadRefused(HTTPStatus.PRECONDITION_FAILED, "PreconditionFailed", words)
