"""The ASGI callable that takes `POST /api/v1/events`, mounted in front of Django in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from django.db import DatabaseError

from core.errors import Malformed, Problem, TooLarge
from detection.ingest.answers import Answer, refused
from detection.ingest.coalescer import unavailable
from detection.ingest.door import Door
from detection.ingest.parsing import MAX_BODY

Scope = MutableMapping[str, Any]
Channel = Callable[..., Awaitable[Any]]

log = structlog.get_logger(__name__)
_doors: WeakKeyDictionary[asyncio.AbstractEventLoop, Door] = WeakKeyDictionary()


class NotAllowed(Problem):
    """405: events are posted."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class UnsupportedMedia(Problem):
    """415: something other than JSON. It also keeps pages of other sites from posting without a preflight."""

    status = 415
    code = "unsupported_media_type"
    title = "Send JSON"


class GoneError(Exception):
    """The sender hung up before the body was complete."""


async def application(scope: Scope, receive: Channel, send: Channel) -> None:
    """Answer one POST: 202 with counts, 422 when every event was refused, else problem+json."""
    try:
        status, headers, body = await _answer(scope, receive)
    except GoneError:
        return
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def door() -> Door:
    """The door of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _doors.get(loop)
    if found is None:
        found = _doors[loop] = Door()
    return found


async def _answer(scope: Scope, receive: Channel) -> Answer:
    try:
        headers = _headers(scope)
        _check(scope["method"], headers)
        body = await _body(headers, receive)
        client = scope.get("client") or ("",)
        return await door().receive(headers, str(client[0]), body)
    except Problem as problem:
        return refused(problem)
    except DatabaseError:
        log.warning("ingest.database_away", exc_info=True)
        return refused(unavailable())


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _check(method: str, headers: dict[str, str]) -> None:
    if method != "POST":
        raise NotAllowed("Events are sent with POST.", headers={"Allow": "POST"})
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMedia("Nothing was stored: send the header Content-Type: application/json.")


async def _body(headers: dict[str, str], receive: Channel) -> bytes:
    stated = headers.get("content-length", "0")
    if not stated.isdecimal():
        raise Malformed("Content-Length must be a number.")
    _fits(int(stated))
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        _fits(len(body))
    if message["type"] == "http.disconnect":
        raise GoneError
    _fits(len(body))
    return body


def _fits(size: int) -> None:
    if size > MAX_BODY:
        raise TooLarge(f"Nothing was stored: a body may be at most {MAX_BODY} bytes. Send smaller batches.")
